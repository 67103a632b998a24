import { type Clock, systemClock } from "../../src/runtime/time/clock.ts";

interface Pending {
  readonly at: number;
  readonly callback: () => void;
  cancel: () => void;
}

/**
 * The machine's clock, which a test moves ahead: what waits for a moment that is then past runs at
 * once. For tests against servers that live in real time.
 */
export class ShiftedClock implements Clock {
  readonly #pending = new Set<Pending>();
  #offsetMs = 0;

  now(): number {
    return systemClock.now() + this.#offsetMs;
  }

  after(delayMs: number, callback: () => void): () => void {
    const pending: Pending = { at: this.now() + delayMs, callback, cancel: () => {} };
    this.#pending.add(pending);
    this.#arm(pending);
    return () => {
      pending.cancel();
      this.#pending.delete(pending);
    };
  }

  /** Moves the clock ahead. */
  advance(ms: number): void {
    this.#offsetMs += ms;
    for (const pending of this.#pending) {
      pending.cancel();
      this.#arm(pending);
    }
  }

  /** Sets the wall clock by so much, as somebody who corrects it: what waits does not hear of it. */
  set(byMs: number): void {
    this.#offsetMs += byMs;
  }

  #arm(pending: Pending): void {
    pending.cancel = systemClock.after(pending.at - this.now(), () => {
      this.#pending.delete(pending);
      pending.callback();
    });
  }
}
