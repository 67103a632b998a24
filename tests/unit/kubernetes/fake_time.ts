import { createClock } from "@sinonjs/fake-timers";
import type { Clock } from "../../../src/runtime/time/clock.ts";

/** Time that stands still until a test moves it. */
export class FakeTime {
  readonly #timers = createClock(Date.UTC(2026, 5, 1, 12));
  readonly #start = this.#timers.now;

  readonly clock: Clock = {
    now: () => this.#timers.now,
    after: (delayMs, callback) => {
      const id = this.#timers.setTimeout(callback, delayMs);
      return () => this.#timers.clearTimeout(id);
    },
  };

  /** Milliseconds since the test began. */
  readonly elapsed = (): number => this.#timers.now - this.#start;

  /** Timers that nobody has cancelled. */
  get pending(): number {
    return this.#timers.countTimers();
  }

  /** Lets `ms` pass, with every timer and promise that falls due on the way. */
  async pass(ms: number): Promise<void> {
    await this.#timers.tickAsync(ms);
  }

  async passUntil(elapsedMs: number): Promise<void> {
    await this.pass(elapsedMs - this.elapsed());
  }

  /** Lets up to `limitMs` pass until `condition` holds. Answers whether it does. */
  async waitFor(condition: () => boolean, limitMs: number, stepMs = 50): Promise<boolean> {
    for (let waited = 0; waited < limitMs && !condition(); waited += stepMs) {
      await this.pass(stepMs);
    }
    return condition();
  }

  /** The same time as seen by a machine whose wall clock is wrong. */
  skewed(byMs: () => number): Clock {
    return { ...this.clock, now: () => this.clock.now() + byMs() };
  }
}
