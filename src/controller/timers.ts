import type { Clock } from "../runtime/clock.ts";

/** One timer a key: the moment at which a binding is to be looked at again. */
export class Timers {
  readonly #clock: Clock;
  readonly #due: (key: string) => void;
  readonly #pending = new Map<string, { at: number; cancel: () => void }>();

  /** Calls `due` with a key when its moment has come. */
  constructor(clock: Clock, due: (key: string) => void) {
    this.#clock = clock;
    this.#due = due;
  }

  /** Keys that have a moment to come. */
  get size(): number {
    return this.#pending.size;
  }

  /** Sets the moment for `key`, in milliseconds since the epoch; it takes the place of any other. */
  set(key: string, at: number): void {
    if (this.#pending.get(key)?.at === at) return;
    this.clear(key);
    const cancel = this.#clock.after(at - this.#clock.now(), () => {
      this.#pending.delete(key);
      this.#due(key);
    });
    this.#pending.set(key, { at, cancel });
  }

  /** Takes the moment of `key` back. */
  clear(key: string): void {
    this.#pending.get(key)?.cancel();
    this.#pending.delete(key);
  }

  /** Takes every moment back. */
  stop(): void {
    for (const { cancel } of this.#pending.values()) cancel();
    this.#pending.clear();
  }
}
