import type { Clock } from "../runtime/time/clock.ts";

/** So long a call that may hang keeps its place where others wait for one. */
export const PROBE_MS = 2000;

/**
 * Calls of which nobody knows yet whether they are answered. They give way to those that came after
 * one of them had begun: who came together with it learns by it whether anybody is answered.
 */
export class Probes {
  readonly #clock: Clock;
  /** How to end those that had their time. */
  readonly #overdue = new Set<() => void>();
  /** When each began, in milliseconds since the epoch. */
  readonly #begun = new Map<() => void, number>();
  #waiting = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Somebody waits for a place until what this answers is called. */
  wait(): () => void {
    const now = this.#clock.now();
    if (![...this.#begun.values()].some((begunAt) => begunAt < now)) return () => {};
    this.#waiting++;
    let over = false;
    // Who finds a place free waits for nobody.
    const cancel = this.#clock.after(0, () => this.#giveWay());
    return () => {
      if (!over) this.#waiting--;
      over = true;
      cancel();
    };
  }

  /**
   * Runs `call`, and aborts its signal with `reason()` when others wait too long behind it. Its time
   * begins anew when it calls `restart`.
   */
  async run<T>(
    signal: AbortSignal,
    reason: () => unknown,
    call: (signal: AbortSignal, restart: () => void) => Promise<T>,
  ): Promise<T> {
    const own = new AbortController();
    const end = () => own.abort(reason());
    const onAbort = () => own.abort(signal.reason);
    signal.addEventListener("abort", onAbort, { once: true });
    let cancel = () => {};
    const stop = () => {
      cancel();
      this.#overdue.delete(end);
    };
    const restart = () => {
      stop();
      cancel = this.#clock.after(PROBE_MS, () => {
        this.#overdue.add(end);
        this.#giveWay();
      });
    };
    this.#begun.set(end, this.#clock.now());
    restart();
    try {
      return await call(own.signal, restart);
    } finally {
      stop();
      this.#begun.delete(end);
      signal.removeEventListener("abort", onAbort);
    }
  }

  #giveWay(): void {
    if (this.#waiting === 0) return;
    for (const end of this.#overdue) end();
    this.#overdue.clear();
  }
}
