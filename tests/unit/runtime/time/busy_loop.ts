import { Breather } from "../../../../src/runtime/time/breather.ts";

/** An event loop in which only work takes time, and which the test turns. */
export class BusyLoop {
  /** Monotonic milliseconds. Work adds to it. */
  now = 0;
  turns = 0;
  /** The longest turn so far, in milliseconds. */
  longest = 0;
  #startedAt = 0;
  readonly #timers: (() => void)[] = [];
  readonly #ends: (() => void)[] = [];
  readonly monotonic = (): number => this.now;
  readonly breather: Breather = new Breather({
    clock: { after: (_delayMs, callback) => (this.#timers.push(callback), () => {}) },
    monotonic: this.monotonic,
    afterTurn: (callback) => void this.#ends.push(callback),
  });

  /** Timers that wait for a turn. */
  get timers(): number {
    return this.#timers.length;
  }

  /** Lets all end that runs now, and begins the next turn with the timers that wait for it. */
  async turn(): Promise<void> {
    // All microtasks have run by the next macrotask.
    await new Promise((resolve) => setTimeout(resolve));
    this.longest = Math.max(this.longest, this.now - this.#startedAt);
    this.#startedAt = this.now;
    this.turns++;
    this.#ends.splice(0).forEach((end) => end());
    this.#timers.splice(0).forEach((timer) => timer());
  }

  /** Turns until `condition` holds. Answers whether it does within so many turns. */
  async turnUntil(condition: () => boolean, limit = 10_000): Promise<boolean> {
    for (let turns = 0; turns < limit && !condition(); turns++) await this.turn();
    return condition();
  }
}
