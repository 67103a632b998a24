import type { Clock } from "./clock.ts";

/** What a breather needs from its surroundings. */
export interface BreatherOptions {
  readonly clock: Pick<Clock, "after">;
  /** Milliseconds that only ever advance. */
  readonly monotonic: () => number;
  /** Runs `callback` when the code that runs now, and all that it resolved, has ended. */
  readonly afterTurn?: (callback: () => void) => void;
  /** Hears that work begins which may be long. */
  readonly onWork?: () => void;
}

/**
 * How long work may keep the event loop. A pod of 100m CPU has 10 ms of each 100, and an answer to a
 * probe takes several turns.
 */
const LONGEST_STRETCH_MS = 5;

/**
 * Lets long work hand back to the event loop. Promises alone do not: what they resolve runs before
 * any timer and any I/O, however much it is. All long work of a process shares one breather, since
 * what counts is how long all of it together keeps the others waiting.
 *
 * ```ts
 * for (const item of items) {
 *   if (breather.isDue) await breather.pause();
 *   take(item);
 * }
 * ```
 */
export class Breather {
  readonly #clock: Pick<Clock, "after">;
  readonly #monotonic: () => number;
  readonly #afterTurn: (callback: () => void) => void;
  readonly #onWork: (() => void) | undefined;
  /** When work began that has not handed back since, in monotonic milliseconds. */
  #since: number | undefined;
  /** Those who paused, the first first. */
  readonly #paused: (() => void)[] = [];
  #resuming = false;

  constructor({ clock, monotonic, afterTurn = setImmediate, onWork }: BreatherOptions) {
    this.#clock = clock;
    this.#monotonic = monotonic;
    this.#afterTurn = (callback) => void afterTurn(callback);
    this.#onWork = onWork;
  }

  /** Whether work has kept the event loop for long enough. To be asked before each piece of it. */
  get isDue(): boolean {
    if (this.#since === undefined) this.#begin();
    return this.#monotonic() - this.#since! >= LONGEST_STRETCH_MS;
  }

  /**
   * Resolves when timers and I/O had their turn, those who paused earlier theirs, and there is time
   * for a piece of work.
   */
  pause(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#paused.push(resolve);
    if (!this.#resuming) this.#resumeLater();
    this.#resuming = true;
    return promise;
  }

  #begin(): void {
    const since = this.#monotonic();
    this.#since = since;
    this.#afterTurn(() => {
      if (this.#since === since) this.#since = undefined;
    });
    this.#onWork?.();
  }

  /** Neither setImmediate nor a MessageChannel will do: they keep I/O, or timers, from their turn. */
  #resumeLater(): void {
    this.#clock.after(0, () => {
      this.#since = undefined;
      this.#resumeNext();
    });
  }

  /** One after the other: each does its piece before the next is asked whether there is time. */
  #resumeNext(): void {
    this.#resuming = this.#paused.length > 0;
    if (!this.#resuming) return;
    if (this.isDue) return this.#resumeLater();
    this.#paused.shift()!();
    queueMicrotask(() => this.#resumeNext());
  }
}
