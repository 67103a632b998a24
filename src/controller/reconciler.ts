import { AzureError } from "../azure/errors.ts";
import {
  ApiError,
  isAlreadyExists,
  isConflict,
  isForbidden,
  isInvalid,
  isNamespaceTerminating,
  isNotFound,
} from "../kubernetes/errors.ts";
import type { Clock } from "../runtime/clock.ts";
import { optional } from "../runtime/optional.ts";
import type { Random } from "../runtime/random.ts";
import { type ApiName, type BindingId, type BindingView, parseBindingKey } from "./binding/view.ts";
import type { Cluster } from "./cluster/cluster.ts";
import type { ActionContext, Executor } from "./execute/executor.ts";
import { IdentityMemory } from "./identity_memory.ts";
import type { Action } from "./plan/actions.ts";
import { inputsOfAttempt, isEnding, isResting, lastsUntil, plan } from "./plan/plan.ts";
import type { Inspection, Snapshot, Trouble } from "./plan/snapshot.ts";
import type { ReconcileReport } from "./report.ts";
import { nextAttemptAt, type RetriedFailure } from "./retry_policy.ts";

/** What the reconciler needs from its surroundings. */
export interface ReconcilerOptions {
  readonly cluster: Cluster;
  readonly executor: Executor;
  readonly keepsConditions: (api: ApiName) => boolean;
  /** Whether a binding's Secret is read whenever the binding is looked at: no watch tells of it. */
  readonly readsSecretsByName?: boolean;
  readonly clock: Clock;
  readonly random: Random;
  readonly report: ReconcileReport;
}

/** Where no watch tells of Secrets, how soon one that somebody altered is seen. */
const LOOK_AGAIN_MS = 10 * 60_000;

/** In a namespace that is being deleted nothing can be made until the binding itself is deleted. */
const NAMESPACE_ENDING_MS = 10 * 60_000;

/** More passes than any binding needs: others keep undoing what is done. */
const MOST_PASSES = 16;

/** An action that failed. `startedAt` in milliseconds since the epoch. */
type Failed = { readonly action: Action; readonly error: unknown; readonly startedAt: number };

/** Brings one binding at a time to where its spec wants it. */
export class Reconciler {
  readonly #options: ReconcilerOptions;
  /** Verdicts on Secrets that others wrote, so that each version is read once. */
  readonly #inspections = new Map<string, Inspection>();
  readonly #troubles = new Map<string, Trouble>();
  readonly #identities = new IdentityMemory();
  /** Failures in a row to write a status, which says nothing of the credential. */
  readonly #untold = new Map<string, number>();

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
    const trouble = this.#troubles.get(key);
    const failed = trouble !== undefined && !isEnding(trouble, startedAt);
    const result = failed || this.#untold.has(key) ? "failed" : "settled";
    report.reconciled(id, result, clock.now() - startedAt);
    return wakeAt;
  }

  async #untilSettled(
    key: string,
    id: BindingId,
    context: ActionContext,
  ): Promise<number | undefined> {
    const unreadableUntil = await this.#readSecret(key, id, context);
    if (unreadableUntil !== undefined) return unreadableUntil;
    for (let pass = 0; pass < MOST_PASSES; pass++) {
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
    return this.#identities.recall(key, {
      ...known,
      keepsConditions: this.#options.keepsConditions(id.api),
      ...optional("inspection", this.#inspections.get(key)),
      ...optional("trouble", this.#troubles.get(key)),
    });
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
        if (inspection !== undefined) this.#inspections.set(key, inspection);
        // A new credential makes whatever was read before history.
        if (action.kind === "mint") this.#inspections.delete(key);
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
    const raced = isRace(error);
    if (!raced && !mayBeImmutable(action, error)) return this.#note(key, snapshot, failed);
    if (raced) report.raced(binding, action, error);
    try {
      if (raced) await executor.refresh(binding, context.signal);
      const inspection = await executor.inspect(binding, context.signal);
      this.#inspections.set(key, inspection);
      if (raced || isImmutable(inspection)) return undefined;
    } catch (refreshError) {
      if (context.signal.aborted) throw context.signal.reason;
      return this.#note(key, snapshot, { ...failed, error: refreshError });
    }
    return this.#note(key, snapshot, failed);
  }

  /** Notes a failed attempt. Answers when to come back where the status cannot tell of it. */
  #note(
    key: string,
    snapshot: Snapshot,
    { action, error, startedAt }: Failed,
  ): number | undefined {
    const { clock, random, report } = this.#options;
    const now = clock.now();
    const untold = action.kind === "writeStatus";
    const inputs = inputsOfAttempt(snapshot);
    const failures = 1 + (untold ? this.#untold.get(key) ?? 0 : this.#failuresOf(key, inputs));
    const failure = describe(snapshot.binding, action, error);
    const history = {
      now,
      startedAt,
      failures,
      ...optional("servesUntil", lastsUntil(snapshot)),
    };
    const retryAt = nextAttemptAt(failure, history, random);
    if (untold) this.#untold.set(key, failures);
    else this.#troubles.set(key, { ...failure, failures, failedAt: now, retryAt, inputs });
    report.failed(snapshot.binding, action, error, { failures, retryAt });
    return untold || snapshot.binding.deleting ? retryAt : undefined;
  }

  #failuresOf(key: string, inputs: string): number {
    const trouble = this.#troubles.get(key);
    return trouble?.inputs === inputs ? trouble.failures : 0;
  }

  #settled(key: string, snapshot: Snapshot): void {
    if (!this.#troubles.has(key)) this.#identities.note(key, snapshot);
    const trouble = this.#troubles.get(key);
    const now = this.#options.clock.now();
    const over = trouble !== undefined && !isEnding(trouble, now) &&
      (!isResting(trouble, now) ||
        trouble.inputs !== inputsOfAttempt(snapshot));
    if (over) this.#troubles.delete(key);
    this.#untold.delete(key);
    const inspection = this.#inspections.get(key);
    // Of a Secret without the label no cache will tell what becomes of it.
    const lasts = inspection?.kind === "found" && inspection.secret.label !== undefined;
    if (!lasts) this.#inspections.delete(key);
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
    this.#inspections.delete(key);
    this.#troubles.delete(key);
    this.#untold.delete(key);
    this.#options.report.gone(key);
  }
}

/** Somebody else was faster: what was decided on is no longer so. */
function isRace(error: unknown): boolean {
  return isConflict(error) || isAlreadyExists(error) || isNotFound(error);
}

/** Whether an update of the Secret was refused, as it is for one that a user marked immutable. */
function mayBeImmutable(action: Action, error: unknown): boolean {
  return isInvalid(error) && action.kind === "mint" && action.write.mode === "update";
}

function isImmutable(inspection: Inspection): boolean {
  return inspection.kind === "found" && inspection.content.immutable === true;
}

/**
 * Admission plugins (OwnerReferencesPermissionEnforcement, policies with parameters) look kinds up
 * in a discovery that kube-apiserver renews every 30 s.
 */
const UNKNOWN_KIND = /no matches for kind "([^"]+)"/;

/** The failure as a status tells it. */
function describe(
  binding: BindingView,
  action: Action,
  error: unknown,
): Pick<Trouble, "class" | "reason" | "message" | "isNamespaceEnding"> & RetriedFailure {
  if (error instanceof AzureError) {
    const { class: failureClass, reason, retryAfterMs, healsInCluster } = error.failure;
    return {
      class: failureClass,
      reason,
      message: error.message,
      ...optional("retryAfterMs", retryAfterMs),
      ...optional("healsInCluster", healsInCluster),
    };
  }
  if (isNamespaceTerminating(error)) {
    return {
      class: "permanent-user-error",
      reason: "NamespaceTerminating",
      message: `Namespace ${binding.namespace} is being deleted; nothing is made in it any more.`,
      retryAfterMs: NAMESPACE_ENDING_MS,
      isNamespaceEnding: true,
    };
  }
  const api = ApiError.from(error);
  const unknownKind = isForbidden(api) ? UNKNOWN_KIND.exec(api.message)?.[1] : undefined;
  if (unknownKind !== undefined) {
    return {
      class: "transient",
      reason: "KindNotKnownYet",
      message: `${doing(binding, action)} failed: admission in the API server does not know the ` +
        `kind ${unknownKind}; it learns of a new CRD within 30 s, and the operator tries again ` +
        "by itself. If this stays, install the CRD of that kind.",
    };
  }
  return {
    class: api.retryable || api.code === 0 ? "transient" : "auth-denied",
    reason: "KubernetesRefused",
    message: `${doing(binding, action)} failed: ${api.message}`,
    ...optional("retryAfterMs", api.retryAfterMs),
  };
}

function doing(binding: BindingView, action: Action): string {
  switch (action.kind) {
    case "addReference":
    case "removeReferences":
      return `Changing service account ${action.serviceAccount}`;
    case "addFinalizer":
    case "removeFinalizer":
    case "writeStatus":
      return `Changing the binding`;
    case "inspectSecret":
      return `Reading Secret ${binding.secretName}`;
    case "mint":
    case "adoptSecret":
      return `Writing Secret ${binding.secretName}`;
    case "deleteSecret":
      return `Deleting Secret ${action.secret.name}`;
  }
}
