import type { Clock } from "../runtime/clock.ts";

/** What a lag is measured by. */
export interface EventLoopLagOptions {
  readonly clock: Pick<Clock, "after">;
  /** Milliseconds that only ever advance. */
  readonly monotonic: () => number;
}

/** Without work the event loop has nothing to wait for: this shows a process that was stopped. */
const CALM_MS = 1000;
/** While there is work, no stall is taken for shorter than it was by more than this. */
const CLOSE_MS = 20;
/** Work that hands back goes on soon. */
const CLOSE_FOR_MS = 1000;

/**
 * How late the event loop comes to a timer that is due, since something else kept it: code that did
 * not hand back, or a process that was given no CPU. Everything else waits as long, probes and
 * renewals of the Lease included.
 */
export class EventLoopLag {
  readonly #clock: Pick<Clock, "after">;
  readonly #monotonic: () => number;
  #longestMs = 0;
  #closeUntil = 0;
  #timer: { readonly everyMs: number; readonly cancel: () => void } | undefined;

  constructor({ clock, monotonic }: EventLoopLagOptions) {
    this.#clock = clock;
    this.#monotonic = monotonic;
  }

  /** The longest so far, in milliseconds. */
  get longestMs(): number {
    return this.#longestMs;
  }

  /** Measures until `signal` aborts. */
  start(signal: AbortSignal): void {
    if (signal.aborted) return;
    signal.addEventListener("abort", () => this.#stop(), { once: true });
    this.#look(CALM_MS);
  }

  /** Work begins that may be long: for a second the loop is watched closely. */
  watchClosely(): void {
    this.#closeUntil = this.#monotonic() + CLOSE_FOR_MS;
    if (this.#timer === undefined || this.#timer.everyMs === CLOSE_MS) return;
    this.#timer.cancel();
    this.#look(CLOSE_MS);
  }

  #look(everyMs: number): void {
    const dueAt = this.#monotonic() + everyMs;
    const cancel = this.#clock.after(everyMs, () => this.#due(dueAt));
    this.#timer = { everyMs, cancel };
  }

  #due(dueAt: number): void {
    const now = this.#monotonic();
    this.#longestMs = Math.max(this.#longestMs, now - dueAt);
    this.#look(now < this.#closeUntil ? CLOSE_MS : CALM_MS);
  }

  #stop(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }
}
