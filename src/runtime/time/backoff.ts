import type { Random } from "../random.ts";

/** Bounds of a backoff, in milliseconds. */
export interface BackoffLimits {
  firstMs: number;
  longestMs: number;
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
    const { firstMs, longestMs } = this.#limits;
    const bound = Math.min(longestMs, firstMs * 2 ** Math.min(this.#failures, 30));
    this.#failures += 1;
    return Math.max(atLeastMs, Math.floor(this.#random() * bound));
  }

  /** All is well again: the next delay is a short one. */
  reset(): void {
    this.#failures = 0;
  }
}
