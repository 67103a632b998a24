import type { FailureClass } from "../azure/errors.ts";
import { LONGEST_RETRY_AFTER_MS } from "../azure/pauses.ts";
import { backoffBound, type BackoffLimits } from "../runtime/time/backoff.ts";
import type { Random } from "../runtime/random.ts";

/** What a failure says of its next attempt. */
export interface RetriedFailure {
  readonly class: FailureClass;
  /** Only a change in the cluster can heal it, and such a change is seen at once. */
  readonly healsInCluster?: true;
  /** Milliseconds that the service asked to wait. */
  readonly retryAfterMs?: number;
  /** When the next attempt is due, in milliseconds since the epoch, where that is settled. */
  readonly notBefore?: number;
}

/** Where an attempt stands in the row of those that failed. Moments in ms since the epoch. */
export interface RetryHistory {
  readonly now: number;
  /** When the attempt began. */
  readonly startedAt: number;
  /** Failed attempts in a row, this one included. */
  readonly failures: number;
  /** When the credential that still serves expires; absent where none does. */
  readonly servesUntil?: number;
}

const SECOND = 1000;
const MINUTE = 60 * SECOND;

/**
 * How soon a failed attempt is made again, by class: the bounds of the first delay and of the
 * longest. What may heal without a change in the cluster (a role or federated credential granted
 * later, a firewall opened, a registry created) is asked for again within 5 minutes.
 */
const POLICY: Readonly<Record<FailureClass | "healsInCluster", BackoffLimits>> = {
  transient: { firstMs: 2 * SECOND, longestMs: 5 * MINUTE },
  throttled: { firstMs: 4 * SECOND, longestMs: 5 * MINUTE },
  "auth-denied": { firstMs: 10 * SECOND, longestMs: 5 * MINUTE },
  "permanent-user-error": { firstMs: 10 * SECOND, longestMs: 5 * MINUTE },
  healsInCluster: { firstMs: 30 * SECOND, longestMs: 30 * MINUTE },
};

/**
 * How soon a write is made again that somebody undoes. It need not heal by itself, and each attempt
 * is a write that others are told of: some three in the first minute, and one in five in the end.
 */
const REDO: BackoffLimits = { firstMs: 5 * SECOND, longestMs: 5 * MINUTE };
const REDO_SPREAD = 0.25;

/** Not even by the luck of the draw is a failed attempt made again at once. */
const SHORTEST_MS = 500;
/** Those who were told the same Retry-After come back spread over a second. */
const RETRY_AFTER_SPREAD_MS = SECOND;
/** `Retry-After: 0`, or a date that is past, says nothing of when the service will be well again. */
const LEAST_RETRY_AFTER_MS = SECOND;
/** With a credential that expires, tries come at this part of the time that is left. */
const PART_OF_REST = 1 / 4;
const DENSEST_MS = 10 * SECOND;
/** Enough for one try before a credential expires. */
const LAST_TRY_MS = 20 * SECOND;

/**
 * When to try again, in milliseconds since the epoch. Pauses are exponential with full jitter, or
 * exactly what the service asked. They get shorter as the credential that still serves comes to its
 * end. Right before that there is one more try, whatever the service asked.
 */
export function nextAttemptAt(
  failure: RetriedFailure,
  history: RetryHistory,
  random: Random,
): number {
  const { now, startedAt, servesUntil } = history;
  const at = failure.notBefore ?? now + usualDelay(failure, history, random);
  if (servesUntil === undefined || now >= servesUntil) return at;
  const lastAt = lastTryAt(servesUntil);
  if (now < lastAt) return Math.min(at, lastAt);
  // An attempt that lasted beyond the moment of the last one must not take its place.
  return startedAt < lastAt ? Math.min(at, now + SHORTEST_MS) : at;
}

/**
 * How long a write is put off that was undone so many times in a row, in milliseconds: no less than
 * the bound, and at once where it never was.
 */
export function redoDelay(times: number, random: Random): number {
  if (times <= 0) return 0;
  return backoffBound(REDO, times) * (1 + random() * REDO_SPREAD);
}

/** When the last try is due for a credential that serves until then, in ms since the epoch. */
export function lastTryAt(servesUntil: number): number {
  return servesUntil - LAST_TRY_MS;
}

/** Whether an attempt at `now` is the last before the credential that serves expires. */
export function isLastTry(now: number, servesUntil: number | undefined): boolean {
  return servesUntil !== undefined && now < servesUntil && now >= lastTryAt(servesUntil);
}

function usualDelay(failure: RetriedFailure, history: RetryHistory, random: Random): number {
  const { retryAfterMs = 0 } = failure;
  if (retryAfterMs >= LEAST_RETRY_AFTER_MS) {
    return Math.min(retryAfterMs, LONGEST_RETRY_AFTER_MS) + random() * RETRY_AFTER_SPREAD_MS;
  }
  return Math.max(retryAfterMs, densified(backoff(failure, history.failures, random), history));
}

function backoff(failure: RetriedFailure, failures: number, random: Random): number {
  const limits = POLICY[failure.healsInCluster ? "healsInCluster" : failure.class];
  return Math.max(SHORTEST_MS, random() * backoffBound(limits, failures));
}

function densified(delayMs: number, { now, servesUntil = 0 }: RetryHistory): number {
  if (servesUntil <= now) return delayMs;
  return Math.min(delayMs, Math.max(DENSEST_MS, (servesUntil - now) * PART_OF_REST));
}
