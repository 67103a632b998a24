import type { BindingStatus, BindingView, Condition } from "../binding/view.ts";
import { formatTime, type Lifetime } from "./schedule.ts";

/** What the binding's status should say. */
export interface Outcome {
  readonly ready: boolean;
  /** One CamelCase word. */
  readonly reason: string;
  /** A sentence. */
  readonly message: string;
  /** What goes into `status.error`; absent when all is well. */
  readonly error?: string;
  /** Of the credential in the Secret, where there is one. */
  readonly lifetime?: Lifetime;
}

/**
 * The status that says `outcome`, or undefined when the present one says it already. Without
 * `keepsConditions` only the reference's fields count, since its CRDs prune the others.
 */
export function statusFor(
  binding: BindingView,
  outcome: Outcome,
  now: number,
  keepsConditions: boolean,
): BindingStatus | undefined {
  const present = binding.status;
  const wanted: BindingStatus = {
    ...times(present, outcome.lifetime),
    ...(outcome.error === undefined ? {} : { error: outcome.error }),
    observedGeneration: binding.generation,
    conditions: withReady(present.conditions ?? [], readyOf(binding, outcome, now)),
  };
  const same = sameFields(present, wanted) && (!keepsConditions || sameConditions(present, wanted));
  return same ? undefined : wanted;
}

/** Times that say the same moment keep the form in which they are written. */
function times(present: BindingStatus, lifetime: Lifetime | undefined): Partial<BindingStatus> {
  const { lastTokenRefreshTime, tokenExpirationTime } = present;
  if (lifetime === undefined) {
    return {
      ...(lastTokenRefreshTime === undefined ? {} : { lastTokenRefreshTime }),
      ...(tokenExpirationTime === undefined ? {} : { tokenExpirationTime }),
    };
  }
  return {
    lastTokenRefreshTime: keepIfSame(lastTokenRefreshTime, lifetime.refreshedAt),
    tokenExpirationTime: keepIfSame(tokenExpirationTime, lifetime.expiresAt),
  };
}

function keepIfSame(present: string | undefined, ms: number): string {
  return present !== undefined && Date.parse(present) === ms ? present : formatTime(ms);
}

function readyOf(binding: BindingView, outcome: Outcome, now: number): Condition {
  const status = outcome.ready ? "True" : "False";
  const before = binding.status.conditions?.find((condition) => condition.type === "Ready");
  return {
    type: "Ready",
    status,
    observedGeneration: binding.generation,
    lastTransitionTime: before?.status === status ? before.lastTransitionTime : formatTime(now),
    reason: outcome.reason,
    message: outcome.message,
  };
}

/** Conditions that others wrote stay, in their places. */
function withReady(conditions: readonly Condition[], ready: Condition): readonly Condition[] {
  const at = conditions.findIndex((condition) => condition.type === "Ready");
  return at < 0 ? [...conditions, ready] : conditions.with(at, ready);
}

function sameFields(a: BindingStatus, b: BindingStatus): boolean {
  return a.lastTokenRefreshTime === b.lastTokenRefreshTime &&
    a.tokenExpirationTime === b.tokenExpirationTime && (a.error ?? "") === (b.error ?? "");
}

function sameConditions(a: BindingStatus, b: BindingStatus): boolean {
  const left = a.conditions ?? [];
  const right = b.conditions ?? [];
  return a.observedGeneration === b.observedGeneration && left.length === right.length &&
    left.every((condition, index) => sameCondition(condition, right[index]!));
}

function sameCondition(a: Condition, b: Condition): boolean {
  return a.type === b.type && a.status === b.status && a.reason === b.reason &&
    a.message === b.message && a.observedGeneration === b.observedGeneration &&
    a.lastTransitionTime === b.lastTransitionTime;
}
