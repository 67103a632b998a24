import { isInvalid, mayBeTooLong } from "../kubernetes/http/errors.ts";
import type { Breather } from "../runtime/time/breather.ts";
import type { Clock } from "../runtime/time/clock.ts";
import { optional } from "../runtime/optional.ts";
import type { Random } from "../runtime/random.ts";
import { type ApiName, type BindingId, parseBindingKey } from "./binding/view.ts";
import type { Cluster } from "./cluster/cluster.ts";
import { handlerOf } from "./execute/actions/all.ts";
import type { ActionContext, ActionOutcome, Executor, Shortfall } from "./execute/executor.ts";
import { HeldError, SupersededError } from "./execute/superseded.ts";
import { UndoneError } from "./execute/undone.ts";
import { brokenOutcome, describeFailure, UnsettledError } from "./failure.ts";
import { Memory, withServed } from "./memory.ts";
import type { Action, WriteStatusAction } from "./plan/actions.ts";
import { plan } from "./plan/plan.ts";
import { refreshAt } from "./plan/schedule.ts";
import { lastsUntil, type Situation, understand } from "./plan/situation.ts";
import type { Inspection, SecretState } from "./plan/snapshot.ts";
import { tell } from "./plan/status.ts";
import {
  inputsOfAttempt,
  isEnding,
  type Repetition,
  troubleAfter,
  watched,
} from "./plan/trouble.ts";
import { isRace } from "./race.ts";
import { brevityOf, refusalAfter } from "./refusal.ts";
import type { NextAttempt, ReconcileReport } from "./report.ts";
import { nextAttemptAt } from "./retry_policy.ts";

/** What the reconciler needs from its surroundings. */
export interface ReconcilerOptions {
  readonly cluster: Cluster;
  readonly executor: Executor;
  readonly keepsConditions: (api: ApiName) => boolean;
  /** Whether a binding's Secret is read whenever the binding is looked at: no watch tells of it. */
  readonly readsSecretsByName?: boolean;
  readonly clock: Clock;
  readonly random: Random;
  /** Lets others have their turn between the plans of many bindings. */
  readonly breather?: Breather;
  readonly report: ReconcileReport;
}

/** Where no watch tells of Secrets, how soon one that somebody altered is seen. */
const UNWATCHED_SECRET_MS = 10 * 60_000;

/** More passes than any binding needs: others change what is decided on, again and again. */
const MOST_PASSES = 16;

/** An action that failed. */
interface Failed {
  readonly action: Action;
  readonly error: unknown;
  /** Milliseconds since the epoch. */
  readonly startedAt: number;
  /** How often it was made in a row, and when it may be again, where somebody undoes it. */
  readonly repetition?: Repetition | undefined;
  /** What came was less than was asked for: what is to be done with it is done first. */
  readonly shortfall?: Shortfall;
}

/** The work on a binding has ended, for now: when to come back, in milliseconds since the epoch. */
interface End {
  readonly wakeAt: number | undefined;
}

const NEVER: End = { wakeAt: undefined };

type Refused = Failed & { readonly action: WriteStatusAction };

/** Brings one binding at a time to where its spec wants it. */
export class Reconciler {
  readonly #options: ReconcilerOptions;
  readonly #memory: Memory;

  constructor(options: ReconcilerOptions) {
    this.#options = options;
    this.#memory = new Memory(options.clock, options.random);
  }

  /**
   * Plans and acts until there is nothing to do. Answers when to come back, in milliseconds since
   * the epoch, or undefined when only a change in the cluster calls for it. Rejects with nothing but
   * the abort reason: whatever is thrown for one binding must not end the work on the others.
   */
  async reconcile(key: string, context: ActionContext): Promise<number | undefined> {
    const startedAt = this.#options.clock.now();
    const id = parseBindingKey(key);
    try {
      const wakeAt = await this.#untilSettled(key, id, context);
      this.#reportEnd(key, id, startedAt);
      return wakeAt;
    } catch (error) {
      if (context.signal.aborted) throw context.signal.reason;
      return await this.#broke(key, id, error, context);
    }
  }

  #reportEnd(key: string, id: BindingId, startedAt: number): void {
    const { clock, report } = this.#options;
    const { trouble, untold } = this.#memory.last(key);
    const isFailed = trouble !== undefined && !isEnding(trouble, startedAt);
    const result = isFailed || untold !== undefined ? "failed" : "settled";
    report.reconciled(id, result, clock.now() - startedAt);
  }

  async #untilSettled(
    key: string,
    id: BindingId,
    context: ActionContext,
  ): Promise<number | undefined> {
    const { breather } = this.#options;
    const unreadableUntil = await this.#readSecret(key, id, context);
    if (unreadableUntil !== undefined) return unreadableUntil;
    for (let pass = 0; pass < MOST_PASSES; pass++) {
      // Answers to dozens of bindings may come at once, and each sets a plan to work.
      if (breather?.isDue) await breather.pause();
      const end = await this.#pass(key, id, context);
      if (end !== undefined) return end.wakeAt;
    }
    return await this.#unsettled(key, id, context);
  }

  /** Plans once and acts. Answers when to come back, or undefined to decide again at once. */
  async #pass(key: string, id: BindingId, context: ActionContext): Promise<End | undefined> {
    context.slot.caughtUp();
    const situation = this.#situation(key, id);
    if (situation === undefined) {
      this.#forget(key, id);
      return NEVER;
    }
    const { actions, wakeAt } = plan(situation);
    if (actions.length === 0) {
      this.#memory.settled(key, situation);
      return { wakeAt: this.#lookAgain(wakeAt) };
    }
    const failed = await this.#carryOut(key, situation, actions, context);
    const comeBackAt = failed && await this.#failed(key, situation, failed, context);
    // What cannot be told must not keep a credential from its refresh.
    return comeBackAt === undefined
      ? undefined
      : { wakeAt: Math.min(comeBackAt, wakeAt ?? comeBackAt) };
  }

  /** There was something left to do after every pass: a failure, of which one more pass tells. */
  async #unsettled(
    key: string,
    id: BindingId,
    context: ActionContext,
  ): Promise<number | undefined> {
    const situation = this.#situation(key, id);
    const action = situation && plan(situation).actions[0];
    if (situation !== undefined && action !== undefined) {
      const error = new UnsettledError(`${action.kind} was left to do after ${MOST_PASSES} passes`);
      const comeBackAt = this.#note(key, situation, { action, error, startedAt: situation.now });
      if (comeBackAt !== undefined) return comeBackAt;
    }
    // Whether pods can pull meanwhile may have to be seen first.
    const end = await this.#pass(key, id, context) ?? await this.#pass(key, id, context);
    return end === undefined ? this.#memory.last(key).trouble?.retryAt : end.wakeAt;
  }

  /** Answers when to come back, where that failed and the status cannot tell of it. */
  async #readSecret(
    key: string,
    id: BindingId,
    { signal }: ActionContext,
  ): Promise<number | undefined> {
    const { readsSecretsByName, executor, clock } = this.#options;
    const situation = readsSecretsByName ? this.#situation(key, id) : undefined;
    if (situation === undefined) return undefined;
    const { binding } = situation;
    const startedAt = clock.now();
    try {
      await executor.readSecret(binding, signal);
      return undefined;
    } catch (error) {
      if (signal.aborted) throw signal.reason;
      const action = { kind: "inspectSecret", name: binding.secretName } as const;
      return this.#note(key, situation, { action, error, startedAt });
    }
  }

  #lookAgain(wakeAt: number | undefined): number | undefined {
    const { readsSecretsByName, clock, random } = this.#options;
    if (!readsSecretsByName) return wakeAt;
    // All bindings are looked at when the operator starts, and need not be all at once again.
    const again = clock.now() + UNWATCHED_SECRET_MS * (0.5 + random() / 2);
    return Math.min(wakeAt ?? again, again);
  }

  #situation(key: string, id: BindingId): Situation | undefined {
    const { cluster, keepsConditions, clock } = this.#options;
    const known = cluster.snapshot(id);
    if (known === undefined) return undefined;
    const { trouble, refusal, served, ...remembered } = this.#memory.of(key, known.binding.uid);
    const snapshot = withServed({
      ...known,
      keepsConditions: keepsConditions(id.api),
      ...optional("inspection", this.#stillSo(remembered.inspection)),
    }, served);
    const situation = understand(snapshot, trouble, clock.now());
    const brevity = brevityOf(refusal, situation);
    return brevity === undefined ? situation : { ...situation, brevity };
  }

  /** What was read of a Secret is history once that was deleted. */
  #stillSo(inspection: Inspection | undefined): Inspection | undefined {
    const isGone = inspection?.kind === "found" && this.#options.cluster.isGone(inspection.secret);
    return isGone ? { kind: "absent" } : inspection;
  }

  async #carryOut(
    key: string,
    situation: Situation,
    actions: readonly Action[],
    context: ActionContext,
  ): Promise<Failed | undefined> {
    const { binding } = situation;
    let current = binding;
    let short: Failed | undefined;
    for (const action of actions) {
      // Others decide how many there are: an account is written for each that refers to the Secret.
      context.slot.moved();
      const now = current === binding ? situation : { ...situation, binding: current };
      const failed = await this.#act(key, now, action, context);
      if (failed !== undefined && failed.shortfall === undefined) return failed;
      short ??= failed;
      const next = this.#options.cluster.version(binding);
      if (next === undefined || next.uid !== binding.uid) return short;
      // A write to the binding moves the resourceVersion that the next one names. If anything else
      // moved it, what is left was decided on a binding that is no longer so.
      const moved = next.resourceVersion !== current.resourceVersion;
      if (moved && action.kind !== "addFinalizer") return short;
      if (moved) current = { ...current, resourceVersion: next.resourceVersion };
    }
    return short;
  }

  async #act(
    key: string,
    situation: Situation,
    action: Action,
    context: ActionContext,
  ): Promise<Failed | undefined> {
    const { executor, report, clock } = this.#options;
    const { binding } = situation;
    const startedAt = clock.now();
    try {
      const repetition = this.#memory.heldBy(key, situation, action);
      if (repetition !== undefined) {
        const by = await executor.undoerOf(binding, action, context.signal);
        const error = new UndoneError(handlerOf(action).effect(binding, action), by);
        return { action, error, startedAt, repetition };
      }
      const outcome = await executor.execute(binding, action, context);
      const { shortfall } = outcome;
      if (shortfall === undefined || shortfall.written !== undefined) {
        this.#done(key, situation, action, outcome);
        report.acted(binding, action);
      }
      return shortfall && { action, error: shortfall.error, startedAt, shortfall };
    } catch (error) {
      if (context.signal.aborted) throw context.signal.reason;
      const repetition = error instanceof UndoneError
        ? this.#undone(key, situation, action, error)
        : undefined;
      return { action, error, startedAt, repetition };
    }
  }

  #undone(
    key: string,
    situation: Situation,
    action: Action,
    { inspection }: UndoneError,
  ): Repetition {
    if (inspection !== undefined) this.#memory.note(key, situation.binding.uid, { inspection });
    return this.#memory.wrote(key, situation, action, { isUndone: true });
  }

  #done(
    key: string,
    situation: Situation,
    action: Action,
    { inspection, lifetime, shortfall }: ActionOutcome,
  ): void {
    const { uid, rotation } = situation.binding;
    if (inspection !== undefined) this.#memory.note(key, uid, { inspection });
    // What was not granted may be at any time.
    const dueAt = shortfall === undefined
      ? lifetime && refreshAt(lifetime, rotation, uid)
      : this.#options.clock.now();
    const repetition = this.#memory.wrote(key, situation, action, { isUndone: false, dueAt });
    this.#keepWatch(key, situation, action, repetition);
  }

  #keepWatch(key: string, situation: Situation, action: Action, repetition: Repetition): void {
    const { clock, random } = this.#options;
    const { uid } = situation.binding;
    const { trouble } = this.#memory.of(key, uid);
    if (!trouble?.isUndone) return;
    const from = this.#madeFrom(key, situation, action);
    const attempt = {
      action: action.kind,
      from,
      now: clock.now(),
      servesUntil: lastsUntil(from),
    };
    this.#memory.note(key, uid, { trouble: watched(trouble, repetition, attempt, random) });
  }

  /** Answers when to come back, or undefined to decide again at once. */
  async #failed(
    key: string,
    situation: Situation,
    failed: Failed,
    context: ActionContext,
  ): Promise<number | undefined> {
    const { report, executor } = this.#options;
    const { action, error } = failed;
    const { binding } = situation;
    if (error instanceof SupersededError) {
      report.raced(binding, action, error);
      return undefined;
    }
    const raced = error instanceof HeldError || isRace(binding, action, error);
    if (!raced && action.kind === "writeStatus" && mayBeTooLong(error)) {
      return this.#refused(key, situation, { ...failed, action, error });
    }
    if (!raced && !mayBeImmutable(action, error)) return this.#note(key, situation, failed);
    if (raced) report.raced(binding, action, error);
    try {
      if (raced) await executor.refresh(binding, context.signal);
      const inspection = await context.slot.outside(() =>
        executor.inspect(binding, context.signal)
      );
      this.#memory.note(key, binding.uid, { inspection });
      if (raced || isImmutable(inspection)) return undefined;
    } catch (refreshError) {
      if (context.signal.aborted) throw context.signal.reason;
      return this.#note(key, situation, { ...failed, error: refreshError });
    }
    return this.#note(key, situation, failed);
  }

  /** A status that was refused is told shorter, and at last noted as it was to be. */
  #refused(key: string, situation: Situation, refused: Refused): number | undefined {
    const { binding } = situation;
    const { refusal } = this.#memory.of(key, binding.uid);
    const next = refusalAfter(refusal, situation, refused.action.status);
    this.#memory.note(key, binding.uid, { refusal: next });
    if (next !== undefined) {
      this.#options.report.shortened(binding, refused.error);
      return undefined;
    }
    const action = { ...refused.action, ...optional("status", refusal?.status) };
    return this.#note(key, situation, { ...refused, action });
  }

  /** Notes a failed attempt. Answers when to come back where the status cannot tell of it. */
  #note(
    key: string,
    before: Situation,
    { action, error, startedAt, repetition, shortfall }: Failed,
  ): number | undefined {
    const { clock, random, report } = this.#options;
    const situation = shortfall?.written === undefined
      ? before
      : withSecret(before, shortfall.written);
    const { binding } = situation;
    const now = clock.now();
    const failure = describeFailure(binding, action, error);
    const from = this.#madeFrom(key, situation, action);
    const isUntold = action.kind === "writeStatus";
    const { trouble: last, untold = 0 } = this.#memory.of(key, binding.uid);
    const again = isUntold ? { inputs: inputsOfAttempt(from, failure), failures: untold } : last;
    const trouble = troubleAfter(again, failure, {
      action: action.kind,
      from,
      startedAt,
      now,
      servesUntil: lastsUntil(situation),
      repetition,
    }, random);
    const { failures, retryAt } = trouble;
    this.#memory.note(key, binding.uid, isUntold ? { untold: failures } : { trouble });
    report.failed(binding, action, error, { failures, retryAt });
    return isUntold ? retryAt : undefined;
  }

  /** What an action was made from. One that comes after the Secret's meets it as that left it. */
  #madeFrom(key: string, situation: Situation, { kind }: Action): Situation {
    if (kind === "mint" || kind === "adoptSecret" || kind === "inspectSecret") return situation;
    const { binding, serviceAccounts } = situation;
    const later = this.#situation(key, binding);
    return later === undefined
      ? situation
      : understand({ ...later, binding, serviceAccounts }, later.trouble, later.now);
  }

  /** Answers when to come back, after something threw that is nobody else's matter. */
  async #broke(
    key: string,
    id: BindingId,
    error: unknown,
    { signal }: ActionContext,
  ): Promise<number> {
    const { cluster, clock, random } = this.#options;
    const now = clock.now();
    const uid = cluster.version(id)?.uid ?? "";
    const failures = 1 + (this.#memory.of(key, uid).broken ?? 0);
    const history = { now, startedAt: now, failures };
    const retryAt = nextAttemptAt({ class: "transient" }, history, random);
    this.#memory.note(key, uid, { broken: failures });
    const next = { failures, retryAt };
    this.#reportBroken(id, error, next);
    try {
      await this.#tellBroken(id, error, signal);
    } catch (untold) {
      if (signal.aborted) throw signal.reason;
      this.#reportBroken(id, untold, next);
    }
    return retryAt;
  }

  #reportBroken(id: BindingId, error: unknown, next: NextAttempt): void {
    const { report } = this.#options;
    try {
      report.broke(id, error, next);
      report.reconciled(id, "failed", 0);
    } catch {
      // The report itself is what throws: there is nobody left to tell.
    }
  }

  async #tellBroken(id: BindingId, error: unknown, signal: AbortSignal): Promise<void> {
    const { cluster, clock, executor, keepsConditions, report } = this.#options;
    const binding = cluster.basics(id);
    if (binding === undefined) return;
    const about = { binding, keepsConditions: keepsConditions(id.api), now: clock.now() };
    for (const action of tell(about, brokenOutcome(error))) {
      await executor.tell(binding, action.status, signal);
      report.acted(binding, action);
    }
  }

  #forget(key: string, id: BindingId): void {
    const { executor, readsSecretsByName, report } = this.#options;
    this.#memory.forget(key);
    if (readsSecretsByName) executor.dropSecret(id);
    report.gone(key);
  }
}

/** The situation as it is with that Secret, of which nothing was read since. */
function withSecret({ inspection: _, ...before }: Situation, secret: SecretState): Situation {
  const others = before.secrets.filter(({ name }) => name !== secret.name);
  return understand({ ...before, secrets: [...others, secret] }, before.trouble, before.now);
}

/** Whether an update of the Secret was refused, as it is for one that a user marked immutable. */
function mayBeImmutable(action: Action, error: unknown): boolean {
  return isInvalid(error) && action.kind === "mint" && action.write.mode === "update";
}

function isImmutable(inspection: Inspection): boolean {
  return inspection.kind === "found" && inspection.content.immutable === true;
}
