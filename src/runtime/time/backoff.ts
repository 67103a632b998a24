import type { Random } from "../random.ts";

/** Bounds of a backoff, in milliseconds. */
export interface BackoffLimits {
  readonly firstMs: number;
  readonly longestMs: number;
}

/** What 2 ** n is reached at most; every bound is reached long before. */
const MOST_DOUBLINGS = 30;

/**
 * The bound of the pause after so many failures in a row, in milliseconds: `firstMs` after one, twice
 * as much after each further one, and never more than `longestMs`.
 */
export function backoffBound({ firstMs, longestMs }: BackoffLimits, failures: number): number {
  const doublings = Math.min(Math.max(0, failures - 1), MOST_DOUBLINGS);
  return Math.min(longestMs, firstMs * 2 ** doublings);
}

/**
 * Delays that double from `firstMs` to `longestMs`, with full jitter: each is chosen evenly between
 * nothing and its bound, so that many clients of one failed server do not come back together.
 */
export class Backoff {
  readonly #limits: BackoffLimits;
  readonly #random: Random;
  #failures = 0;

  constructor(limits: BackoffLimits, random: Random) {
    this.#limits = limits;
    this.#random = random;
  }

  /** Failures since the last reset. */
  get failures(): number {
    return this.#failures;
  }

  /** Counts a failure. Answers how long to wait, in ms: at least `atLeastMs`, when that is given. */
  next(atLeastMs = 0): number {
    this.#failures += 1;
    const bound = backoffBound(this.#limits, this.#failures);
    return Math.max(atLeastMs, Math.floor(this.#random() * bound));
  }

  /** All is well again: the next delay is a short one. */
  reset(): void {
    this.#failures = 0;
  }
}
