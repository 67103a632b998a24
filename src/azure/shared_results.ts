import type { Clock } from "../runtime/clock.ts";

interface Entry<T> {
  readonly result: Promise<T>;
  /** Milliseconds since the epoch; infinite while the result is under way. */
  keepUntil: number;
}

/**
 * Results shared by key: those who ask while one is being made wait for it together, and those who
 * ask soon after get the same. A failure is shared only by those who already waited for it.
 */
export class SharedResults<T> {
  readonly #clock: Clock;
  readonly #keepUntil: (value: T) => number;
  readonly #entries = new Map<string, Entry<T>>();

  /** `keepUntil` says until when (milliseconds since the epoch) a result may be shared. */
  constructor(clock: Clock, keepUntil: (value: T) => number) {
    this.#clock = clock;
    this.#keepUntil = keepUntil;
  }

  /** The shared result for `key`, made by `make` where there is none. */
  get(key: string, make: () => Promise<T>): Promise<T> {
    const known = this.#entries.get(key);
    if (known !== undefined && known.keepUntil > this.#clock.now()) return known.result;
    this.#dropStale();
    const entry: Entry<T> = { result: make(), keepUntil: Infinity };
    this.#entries.set(key, entry);
    entry.result.then(
      (value) => entry.keepUntil = this.#keepUntil(value),
      () => this.#drop(key, entry),
    );
    return entry.result;
  }

  /** Forgets the result for `key`: somebody found it to be refused. */
  forget(key: string): void {
    this.#entries.delete(key);
  }

  #drop(key: string, entry: Entry<T>): void {
    if (this.#entries.get(key) === entry) this.#entries.delete(key);
  }

  /** Results are tokens, which must not outlive their use in memory. */
  #dropStale(): void {
    const now = this.#clock.now();
    for (const [key, entry] of this.#entries) {
      if (entry.keepUntil > now) break;
      this.#entries.delete(key);
    }
  }
}
