import type { Clock } from "../../../src/runtime/time/clock.ts";
import type { ImdsLimits } from "./options.ts";

const WINDOW_MS = 1000;

/** Leave to proceed, or the limit that stands in the way. */
export interface Admission {
  readonly refusedBy?: "rate" | "concurrency";
  /** To be called once, when the request is answered. */
  readonly leave: () => void;
}

const nothing = () => {};

/**
 * IMDS's limits per virtual machine: so many requests in any second, and so many at once
 * (azure-compute-docs `instance-metadata-service.md`). A refused request counts towards neither,
 * so that a client that backs off is admitted again.
 */
export class ImdsLimiter {
  readonly #clock: Clock;
  readonly #limits: ImdsLimits;
  #admittedAt: number[] = [];
  #inFlight = 0;

  constructor(clock: Clock, limits: ImdsLimits) {
    this.#clock = clock;
    this.#limits = limits;
  }

  /** Admits a request or refuses it. Either way the caller calls `leave`. */
  enter(): Admission {
    const now = this.#clock.now();
    this.#admittedAt = this.#admittedAt.filter((at) => at > now - WINDOW_MS);
    if (this.#inFlight >= this.#limits.concurrent) {
      return { refusedBy: "concurrency", leave: nothing };
    }
    if (this.#admittedAt.length >= this.#limits.perSecond) {
      return { refusedBy: "rate", leave: nothing };
    }
    this.#admittedAt.push(now);
    this.#inFlight++;
    return { leave: () => void this.#inFlight-- };
  }
}
