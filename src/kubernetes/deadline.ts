import type { Clock } from "../runtime/clock.ts";

/**
 * A signal that follows the caller's and also aborts when a limit of time runs out. `end()` leaves
 * neither timer nor listener, so that a signal which lives as long as the process gathers none.
 */
export class Deadline {
  readonly #clock: Clock;
  readonly #outer: AbortSignal | undefined;
  readonly #controller = new AbortController();
  readonly #follow = () => this.#controller.abort(this.#outer?.reason);
  #cancelTimer: (() => void) | undefined;
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
    this.lift();
    this.#cancelTimer = this.#clock.after(limitMs, () => {
      if (this.signal.aborted) return;
      this.#expired = true;
      this.#controller.abort(reason());
    });
  }

  /** Takes the limit away; the caller's signal is still followed. */
  lift(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
  }

  /** The work has ended. */
  end(): void {
    this.lift();
    this.#outer?.removeEventListener("abort", this.#follow);
  }
}
