import { type Clock, isWithin, sleep } from "../runtime/time/clock.ts";

/** How many calls may start in a window, and how many may be under way. */
export interface Limits {
  readonly calls: number;
  readonly windowMs: number;
  readonly concurrent: number;
}

/**
 * Limits of IMDS for identity tokens: 20 requests a second and 5 at once per VM. Other pods share
 * the node, so that half of the requests is left to them, however urgent ours are. Calls are let
 * through in small bursts, since those that start a second apart may still arrive together.
 * Source: instance-metadata-service.md of the Azure documentation.
 */
export const IMDS_LIMITS: Limits = { calls: 2, windowMs: 200, concurrent: 5 };

/** Lets calls through in the order of their coming, as fast as `limits` allow. */
export class Limiter {
  readonly #limits: Limits;
  readonly #clock: Clock;
  /** When the calls of the current window started. */
  #started: number[] = [];
  #underWay = 0;
  #turn: Promise<void> = Promise.resolve();
  #place: (() => void) | undefined;
  #pause = { beganAt: 0, endsAt: 0 };

  constructor(limits: Limits, clock: Clock) {
    this.#limits = limits;
    this.#clock = clock;
  }

  /** Runs `call` when its turn has come. Rejects with the signal's reason if that aborts first. */
  async run<T>(signal: AbortSignal, call: () => Promise<T>): Promise<T> {
    const before = this.#turn;
    const { promise, resolve: passTurn } = Promise.withResolvers<void>();
    this.#turn = promise;
    try {
      await before;
      await this.#admission(signal);
      this.#underWay++;
    } finally {
      passTurn();
    }
    try {
      return await call();
    } finally {
      this.#underWay--;
      this.#place?.();
    }
  }

  /** Lets no call start for `delayMs`: the service has said that it is overrun. */
  pause(delayMs: number): void {
    const beganAt = this.#clock.now();
    const endsAt = beganAt + delayMs;
    if (endsAt > this.#pause.endsAt) this.#pause = { beganAt, endsAt };
  }

  /**
   * Resolves when a call that is under way may be made once more: it has its place, and counts again
   * for the pace. Rejects with the signal's reason if that aborts first.
   */
  async again(signal: AbortSignal): Promise<void> {
    await this.#window(signal);
  }

  async #admission(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    while (this.#underWay >= this.#limits.concurrent) await this.#onePlace(signal);
    await this.#window(signal);
  }

  /** Whoever waits here looks again when its time has come: another may have been faster. */
  async #window(signal: AbortSignal): Promise<void> {
    let wait = this.#delay();
    while (wait > 0) {
      await sleep(this.#clock, wait, signal);
      wait = this.#delay();
    }
    this.#started.push(this.#clock.now());
  }

  /**
   * Milliseconds until a further call may start. What lies in the future was noted before the clock
   * was set back, and says nothing any more: calls would wait for as long as it was set back.
   */
  #delay(): number {
    const now = this.#clock.now();
    if (now < this.#pause.beganAt) this.#pause = { beganAt: 0, endsAt: 0 };
    if (now < this.#pause.endsAt) return this.#pause.endsAt - now;
    this.#started = this.#started.filter((at) => isWithin(now, at, this.#limits.windowMs));
    if (this.#started.length < this.#limits.calls) return 0;
    return this.#started[0]! + this.#limits.windowMs - now;
  }

  /** Resolves when a call has ended. */
  async #onePlace(signal: AbortSignal): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const onAbort = () => reject(signal.reason);
    signal.addEventListener("abort", onAbort, { once: true });
    this.#place = resolve;
    try {
      await promise;
    } finally {
      signal.removeEventListener("abort", onAbort);
    }
  }
}
