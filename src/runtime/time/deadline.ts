import type { Clock } from "./clock.ts";

/** What ends the work, how long after it was set, and when, in milliseconds since the epoch. */
interface Limit {
  readonly limitMs: number;
  readonly dueAt: number;
  readonly reason: () => Error;
}

/** A timer that looks at the limit when it is due. */
interface Timer {
  readonly delayMs: number;
  readonly cancel: () => void;
}

/**
 * A signal that follows the caller's and also aborts when a limit of time runs out. `end()` leaves
 * neither timer nor listener, so that a signal which lives as long as the process gathers none.
 * However the wall clock is set meanwhile, no limit takes longer than twice its time.
 */
export class Deadline {
  readonly #clock: Clock;
  readonly #outer: AbortSignal | undefined;
  readonly #controller = new AbortController();
  readonly #follow = () => this.#controller.abort(this.#outer?.reason);
  #limit: Limit | undefined;
  #timer: Timer | undefined;
  #expired = false;

  constructor(clock: Clock, outer: AbortSignal | undefined) {
    this.#clock = clock;
    this.#outer = outer;
    if (outer?.aborted) this.#follow();
    else outer?.addEventListener("abort", this.#follow, { once: true });
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** A limit ran out before the caller aborted. */
  get expired(): boolean {
    return this.#expired;
  }

  /** Aborts with `reason()` after `limitMs`, counted from now. Replaces an earlier limit. */
  limit(limitMs: number, reason: () => Error): void {
    this.#limit = { limitMs, dueAt: this.#clock.now() + limitMs, reason };
    // Timers are a notable part of a request's cost, and hardly ever come due: the one of an earlier
    // limit serves the next, too, where it cannot come too late for it.
    if (this.#timer !== undefined && this.#timer.delayMs <= limitMs) return;
    this.#timer?.cancel();
    this.#lookAfter(limitMs);
  }

  /** Takes the limit away; the caller's signal is still followed. */
  lift(): void {
    this.#limit = undefined;
  }

  /** Aborts now, for another reason than the limit. */
  abort(reason: unknown): void {
    this.#controller.abort(reason);
  }

  /** The work has ended. */
  end(): void {
    this.lift();
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#outer?.removeEventListener("abort", this.#follow);
  }

  #lookAfter(delayMs: number): void {
    const limit = this.#limit;
    const cancel = this.#clock.after(delayMs, () => this.#look(limit));
    this.#timer = { delayMs, cancel };
  }

  /** The timer that was set for the limit `served` is due. */
  #look(served: Limit | undefined): void {
    this.#timer = undefined;
    const limit = this.#limit;
    if (limit === undefined || this.signal.aborted) return;
    // Only where the timer was an earlier limit's must the wall clock say how much is left. One that
    // was set back must not say more than the whole.
    const leftMs = limit === served ? 0 : Math.min(limit.dueAt - this.#clock.now(), limit.limitMs);
    if (leftMs > 0) return this.#lookAfter(leftMs);
    this.#expired = true;
    this.#controller.abort(limit.reason());
  }
}
