import type { Clock } from "../runtime/clock.ts";
import type { CheckResult } from "./health.ts";

/** Tells whether a loop still turns: the loop calls `beat`, a health check asks. */
export class Heartbeat {
  readonly #clock: Pick<Clock, "now">;
  readonly #longestSilenceMs: number;
  readonly #what: string;
  #last: number;

  /** `what` names the loop in the reason. The moment of construction counts as a beat. */
  constructor(what: string, longestSilenceMs: number, clock: Pick<Clock, "now">) {
    this.#what = what;
    this.#longestSilenceMs = longestSilenceMs;
    this.#clock = clock;
    this.#last = clock.now();
  }

  beat(): void {
    this.#last = this.#clock.now();
  }

  check(): CheckResult {
    const silentMs = this.#clock.now() - this.#last;
    if (silentMs <= this.#longestSilenceMs) return { ok: true };
    return {
      ok: false,
      reason: `${this.#what} was last active ${Math.round(silentMs / 1000)} s ago, which is over ${
        Math.round(this.#longestSilenceMs / 1000)
      } s`,
    };
  }
}
