import { isInvalid, mayBeTooLong } from "../kubernetes/errors.ts";
import type { Breather } from "../runtime/breather.ts";
import type { Clock } from "../runtime/clock.ts";
import { optional } from "../runtime/optional.ts";
import type { Random } from "../runtime/random.ts";
import { type ApiName, type BindingId, type BindingView, parseBindingKey } from "./binding/view.ts";
import type { Cluster } from "./cluster/cluster.ts";
import type { ActionContext, Executor } from "./execute/executor.ts";
import { SupersededError } from "./execute/superseded.ts";
import { describeFailure } from "./failure.ts";
import { IdentityMemory } from "./identity_memory.ts";
import { Memory } from "./memory.ts";
import type { Action, WriteStatusAction } from "./plan/actions.ts";
import { inputsOfAttempt, isEnding, isResting, lastsUntil, plan } from "./plan/plan.ts";
import type { Inspection, Snapshot } from "./plan/snapshot.ts";
import { isRace } from "./race.ts";
import { brevityOf, refusalAfter } from "./refusal.ts";
import type { ReconcileReport } from "./report.ts";
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
const LOOK_AGAIN_MS = 10 * 60_000;

/** More passes than any binding needs: others keep undoing what is done. */
const MOST_PASSES = 16;

/** An action that failed. `startedAt` in milliseconds since the epoch. */
type Failed = { readonly action: Action; readonly error: unknown; readonly startedAt: number };

type Refused = Failed & { readonly action: WriteStatusAction };

/** Brings one binding at a time to where its spec wants it. */
export class Reconciler {
  readonly #options: ReconcilerOptions;
  readonly #memory = new Memory();
  readonly #identities = new IdentityMemory();

  constructor(options: ReconcilerOptions) {
    this.#options = options;
  }

  /**
   * Plans and acts until there is nothing to do. Answers when to come back, in milliseconds since
   * the epoch, or undefined when only a change in the cluster calls for it. Rejects with nothing but
   * the abort reason.
   */
  async reconcile(key: string, context: ActionContext): Promise<number | undefined> {
    const { clock, report } = this.#options;
    const id = parseBindingKey(key);
    const startedAt = clock.now();
    const wakeAt = await this.#untilSettled(key, id, context);
    const { trouble, untold } = this.#memory.last(key);
    const failed = trouble !== undefined && !isEnding(trouble, startedAt);
    const result = failed || untold !== undefined ? "failed" : "settled";
    report.reconciled(id, result, clock.now() - startedAt);
    return wakeAt;
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
      context.slot.caughtUp();
      const snapshot = this.#snapshot(key, id);
      if (snapshot === undefined) return void this.#forget(key);
      const { actions, wakeAt } = plan(snapshot, this.#options.clock.now());
      if (actions.length === 0) {
        this.#settled(key, snapshot);
        return this.#lookAgain(wakeAt);
      }
      const failed = await this.#carryOut(key, snapshot.binding, actions, context);
      const comeBackAt = failed && await this.#failed(key, snapshot, failed, context);
      // What cannot be told must not keep a credential from its refresh.
      if (comeBackAt !== undefined) return Math.min(comeBackAt, wakeAt ?? comeBackAt);
    }
    return this.#unsettled(key, id);
  }

  /** Answers when to come back, where that failed and the status cannot tell of it. */
  async #readSecret(
    key: string,
    id: BindingId,
    { signal }: ActionContext,
  ): Promise<number | undefined> {
    const { readsSecretsByName, executor, clock } = this.#options;
    const snapshot = readsSecretsByName ? this.#snapshot(key, id) : undefined;
    if (snapshot === undefined) return undefined;
    const { binding } = snapshot;
    const startedAt = clock.now();
    try {
      await executor.readSecret(binding, signal);
      return undefined;
    } catch (error) {
      if (signal.aborted) throw signal.reason;
      const action = { kind: "inspectSecret", name: binding.secretName } as const;
      return this.#note(key, snapshot, { action, error, startedAt });
    }
  }

  #lookAgain(wakeAt: number | undefined): number | undefined {
    const { readsSecretsByName, clock, random } = this.#options;
    if (!readsSecretsByName) return wakeAt;
    // All bindings are looked at when the operator starts, and need not be all at once again.
    const again = clock.now() + LOOK_AGAIN_MS * (0.5 + random() / 2);
    return Math.min(wakeAt ?? again, again);
  }

  #snapshot(key: string, id: BindingId): Snapshot | undefined {
    const known = this.#options.cluster.snapshot(id);
    if (known === undefined) return undefined;
    const { inspection, trouble, refusal } = this.#memory.of(key, known.binding.uid);
    const snapshot = this.#identities.recall(key, {
      ...known,
      keepsConditions: this.#options.keepsConditions(id.api),
      ...optional("inspection", inspection),
      ...optional("trouble", trouble),
    });
    return { ...snapshot, ...optional("brevity", brevityOf(refusal, snapshot)) };
  }

  async #carryOut(
    key: string,
    binding: BindingView,
    actions: readonly Action[],
    context: ActionContext,
  ): Promise<Failed | undefined> {
    const { executor, report, cluster, clock } = this.#options;
    let current = binding;
    for (const action of actions) {
      const startedAt = clock.now();
      try {
        const inspection = await executor.execute(current, action, context);
        // A new credential makes whatever was read before history.
        if (inspection !== undefined || action.kind === "mint") {
          this.#memory.note(key, binding.uid, { inspection });
        }
        report.acted(current, action);
      } catch (error) {
        if (context.signal.aborted) throw context.signal.reason;
        return { action, error, startedAt };
      }
      const next = cluster.version(binding);
      if (next === undefined || next.uid !== binding.uid) return undefined;
      // A write to the binding moves the resourceVersion that the next one names; if anything else
      // moved it, what is left was decided on a binding that is no longer so.
      const moved = next.resourceVersion !== current.resourceVersion;
      if (moved && action.kind !== "addFinalizer") return undefined;
      current = { ...current, resourceVersion: next.resourceVersion };
    }
    return undefined;
  }

  /** Answers when to come back, or undefined to decide again at once. */
  async #failed(
    key: string,
    snapshot: Snapshot,
    failed: Failed,
    context: ActionContext,
  ): Promise<number | undefined> {
    const { report, executor } = this.#options;
    const { action, error } = failed;
    const { binding } = snapshot;
    if (error instanceof SupersededError) {
      report.raced(binding, action, error);
      return undefined;
    }
    const raced = isRace(binding, action, error);
    if (!raced && action.kind === "writeStatus" && mayBeTooLong(error)) {
      return this.#refused(key, snapshot, { ...failed, action, error });
    }
    if (!raced && !mayBeImmutable(action, error)) return this.#note(key, snapshot, failed);
    if (raced) report.raced(binding, action, error);
    try {
      if (raced) await executor.refresh(binding, context.signal);
      const inspection = await executor.inspect(binding, context.signal);
      this.#memory.note(key, binding.uid, { inspection });
      if (raced || isImmutable(inspection)) return undefined;
    } catch (refreshError) {
      if (context.signal.aborted) throw context.signal.reason;
      return this.#note(key, snapshot, { ...failed, error: refreshError });
    }
    return this.#note(key, snapshot, failed);
  }

  /** A status that was refused is told shorter, and at last noted as it was to be. */
  #refused(key: string, snapshot: Snapshot, refused: Refused): number | undefined {
    const { binding } = snapshot;
    const { refusal } = this.#memory.of(key, binding.uid);
    const next = refusalAfter(refusal, snapshot, refused.action.status);
    this.#memory.note(key, binding.uid, { refusal: next });
    if (next !== undefined) {
      this.#options.report.shortened(binding, refused.error);
      return undefined;
    }
    const action = { ...refused.action, ...optional("status", refusal?.status) };
    return this.#note(key, snapshot, { ...refused, action });
  }

  /** Notes a failed attempt. Answers when to come back where the status cannot tell of it. */
  #note(
    key: string,
    snapshot: Snapshot,
    { action, error, startedAt }: Failed,
  ): number | undefined {
    const { clock, random, report } = this.#options;
    const now = clock.now();
    const isUntold = action.kind === "writeStatus";
    const inputs = inputsOfAttempt(snapshot);
    const { binding } = snapshot;
    const { trouble, untold = 0 } = this.#memory.of(key, binding.uid);
    const before = trouble?.inputs === inputs ? trouble.failures : 0;
    const failures = 1 + (isUntold ? untold : before);
    const failure = describeFailure(binding, action, error);
    const history = {
      now,
      startedAt,
      failures,
      ...optional("servesUntil", lastsUntil(snapshot)),
    };
    const retryAt = nextAttemptAt(failure, history, random);
    this.#memory.note(
      key,
      binding.uid,
      isUntold
        ? { untold: failures }
        : { trouble: { ...failure, failures, failedAt: now, retryAt, inputs } },
    );
    report.failed(binding, action, error, { failures, retryAt });
    return isUntold || binding.deleting ? retryAt : undefined;
  }

  #settled(key: string, snapshot: Snapshot): void {
    const { uid } = snapshot.binding;
    const { trouble, inspection } = this.#memory.of(key, uid);
    if (trouble === undefined) this.#identities.note(key, snapshot);
    const now = this.#options.clock.now();
    const isOver = trouble !== undefined && !isEnding(trouble, now) &&
      (!isResting(trouble, now) || trouble.inputs !== inputsOfAttempt(snapshot));
    // Of a Secret without the label no cache will tell what becomes of it.
    const lasts = inspection?.kind === "found" && inspection.secret.label !== undefined;
    this.#memory.note(key, uid, {
      trouble: isOver ? undefined : trouble,
      inspection: lasts ? inspection : undefined,
      untold: undefined,
      ...(snapshot.brevity === undefined ? { refusal: undefined } : {}),
    });
  }

  #unsettled(key: string, id: BindingId): number {
    const { clock, random } = this.#options;
    const now = clock.now();
    const history = { now, startedAt: now, failures: 5 };
    const retryAt = nextAttemptAt({ class: "transient" }, history, random);
    this.#options.report.unsettled(key, id, retryAt);
    return retryAt;
  }

  #forget(key: string): void {
    this.#identities.forget(key);
    this.#memory.forget(key);
    this.#options.report.gone(key);
  }
}

/** Whether an update of the Secret was refused, as it is for one that a user marked immutable. */
function mayBeImmutable(action: Action, error: unknown): boolean {
  return isInvalid(error) && action.kind === "mint" && action.write.mode === "update";
}

function isImmutable(inspection: Inspection): boolean {
  return inspection.kind === "found" && inspection.content.immutable === true;
}
