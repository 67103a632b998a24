import { optional } from "../../runtime/optional.ts";
import { type Brevity, brief } from "../../runtime/masking/brief.ts";
import type { BindingBasics, BindingStatus, Condition } from "../binding/view.ts";
import type { WriteStatusAction } from "./actions.ts";
import { formatTime, type Lifetime } from "./schedule.ts";
import type { Situation } from "./situation.ts";

/** What the binding's status should say. */
export interface Outcome {
  /** Whether pods find a credential that serves; undefined where nobody can say. */
  readonly ready: boolean | undefined;
  /** One CamelCase word. */
  readonly reason: string;
  /** A sentence. */
  readonly message: string;
  /** What goes into `status.error`; absent when all is well. */
  readonly error?: string;
  /** Why nothing goes on until the spec changes; absent where it does. */
  readonly stalled?: { readonly reason: string; readonly message: string };
  /** Of the credential in the Secret, where there is one. */
  readonly lifetime?: Lifetime;
}

/** Writes the status that says `outcome`, unless the present one does. */
export function tell(
  { binding, keepsConditions, brevity, now }:
    & Pick<Situation, "keepsConditions" | "brevity" | "now">
    & { binding: BindingBasics },
  outcome: Outcome,
): readonly WriteStatusAction[] {
  const status = statusFor(binding, outcome, now, keepsConditions, brevity);
  return status === undefined ? [] : [{ kind: "writeStatus", status }];
}

/**
 * The status that says what was decided, or undefined when the present one says it already. Without
 * `keepsConditions` only the reference's fields count, since its CRDs prune the others.
 */
export function statusFor(
  binding: BindingBasics,
  decided: Outcome,
  now: number,
  keepsConditions: boolean,
  brevity: Brevity = "whole",
): BindingStatus | undefined {
  const present = binding.status;
  const outcome = told(decided, brevity);
  const wanted: BindingStatus = {
    ...times(present, outcome.lifetime),
    ...optional("error", outcome.error),
    observedGeneration: binding.generation,
    conditions: conditionsFor(binding, outcome, now),
  };
  const same = sameFields(present, wanted) && (!keepsConditions || sameConditions(present, wanted));
  return same ? undefined : wanted;
}

/** Messages that the API server takes: without credentials, and no longer than `brevity` says. */
function told(outcome: Outcome, brevity: Brevity): Outcome {
  const { error, stalled } = outcome;
  const tell = (message: string) => brief(message, outcome.reason, brevity);
  return {
    ...outcome,
    message: tell(outcome.message),
    ...optional("error", error === undefined ? undefined : tell(error)),
    ...optional("stalled", stalled && { ...stalled, message: tell(stalled.message) }),
  };
}

/** Times that say the same moment keep the form in which they are written. */
function times(present: BindingStatus, lifetime: Lifetime | undefined): Partial<BindingStatus> {
  const { lastTokenRefreshTime, tokenExpirationTime } = present;
  if (lifetime === undefined) {
    return {
      ...optional("lastTokenRefreshTime", lastTokenRefreshTime),
      ...optional("tokenExpirationTime", tokenExpirationTime),
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

/**
 * Conditions that others wrote stay, in their places. Stalled is there only while it is True: by its
 * name and absence kstatus, and what builds on it (Flux, kpt), tell a fault from work in progress.
 */
function conditionsFor(
  binding: BindingBasics,
  outcome: Outcome,
  now: number,
): readonly Condition[] {
  const { reason, message, stalled } = outcome;
  const status = outcome.ready === undefined ? "Unknown" : outcome.ready ? "True" : "False";
  const ready = conditionOf(binding, { type: "Ready", status, reason, message }, now);
  const conditions = withCondition(binding.status.conditions ?? [], ready);
  if (stalled === undefined) return conditions.filter(({ type }) => type !== "Stalled");
  const told = { type: "Stalled", status: "True", ...stalled } as const;
  return withCondition(conditions, conditionOf(binding, told, now));
}

function conditionOf(
  binding: BindingBasics,
  { type, status, reason, message }: Pick<Condition, "type" | "status" | "reason" | "message">,
  now: number,
): Condition {
  const before = binding.status.conditions?.find((condition) => condition.type === type);
  return {
    type,
    status,
    observedGeneration: binding.generation,
    lastTransitionTime: before?.status === status ? before.lastTransitionTime : formatTime(now),
    reason,
    message,
  };
}

function withCondition(
  conditions: readonly Condition[],
  condition: Condition,
): readonly Condition[] {
  const at = conditions.findIndex(({ type }) => type === condition.type);
  return at < 0 ? [...conditions, condition] : conditions.with(at, condition);
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
