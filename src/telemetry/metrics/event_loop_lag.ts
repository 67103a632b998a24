import type { Clock } from "../../runtime/time/clock.ts";

/** What a lag is measured by. */
export interface EventLoopLagOptions {
  readonly clock: Pick<Clock, "after">;
  /** Milliseconds that only ever advance. */
  readonly monotonic: () => number;
  /** Its abort ends the measuring. */
  readonly signal: AbortSignal;
}

/** A stall is longer than it is taken for by no more than this. */
const EVERY_MS = 20;
/** Work that hands back goes on within this time. Without work there is nothing to be measured. */
const WATCHED_MS = 200;

/**
 * How late the event loop comes to a timer that is due, since something else kept it: code that did
 * not hand back, or a process that was given no CPU. Everything else waits as long, probes and
 * renewals of the Lease included.
 *
 * It is measured while there is work alone: a timer that ticks all the time costs an idle process as
 * much CPU as all else that it does.
 */
export class EventLoopLag {
  readonly #clock: Pick<Clock, "after">;
  readonly #monotonic: () => number;
  readonly #signal: AbortSignal;
  #longestMs = 0;
  #watchedUntil = 0;
  #cancel: (() => void) | undefined;

  constructor({ clock, monotonic, signal }: EventLoopLagOptions) {
    this.#clock = clock;
    this.#monotonic = monotonic;
    this.#signal = signal;
    signal.addEventListener("abort", () => this.#cancel?.(), { once: true });
  }

  /** The longest so far, in milliseconds. */
  get longestMs(): number {
    return this.#longestMs;
  }

  /** Work begins that may be long: the loop is watched for a moment. */
  watch(): void {
    this.#watchedUntil = this.#monotonic() + WATCHED_MS;
    if (this.#cancel === undefined && !this.#signal.aborted) this.#look();
  }

  #look(): void {
    const dueAt = this.#monotonic() + EVERY_MS;
    this.#cancel = this.#clock.after(EVERY_MS, () => this.#due(dueAt));
  }

  #due(dueAt: number): void {
    const now = this.#monotonic();
    this.#longestMs = Math.max(this.#longestMs, now - dueAt);
    this.#cancel = undefined;
    if (now < this.#watchedUntil) this.#look();
  }
}
