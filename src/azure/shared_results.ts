import type { Clock } from "../runtime/clock.ts";

/** Looking through all entries at each call would cost more than it frees. */
const SWEEP_EVERY_MS = 10_000;

interface Entry<T> {
  readonly result: Promise<T>;
  /** Absent while the result is under way. */
  value?: T;
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
  #sweepAt = Infinity;

  /** `keepUntil` says until when (milliseconds since the epoch) a result may be shared. */
  constructor(clock: Clock, keepUntil: (value: T) => number) {
    this.#clock = clock;
    this.#keepUntil = keepUntil;
  }

  /**
   * The shared result for `key`, made by `make` where there is none, or none that `suits`. One that
   * is being made suits everybody.
   */
  get(key: string, make: () => Promise<T>, suits: (value: T) => boolean = () => true): Promise<T> {
    const known = this.#entries.get(key);
    const shared = known !== undefined && known.keepUntil > this.#clock.now() &&
      (known.value === undefined || suits(known.value));
    if (shared) return known.result;
    this.#dropStale();
    const entry: Entry<T> = { result: make(), keepUntil: Infinity };
    this.#entries.set(key, entry);
    this.#sweepAt = Math.min(this.#sweepAt, this.#clock.now() + SWEEP_EVERY_MS);
    entry.result.then(
      (value) => {
        entry.value = value;
        entry.keepUntil = this.#keepUntil(value);
      },
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
    if (now < this.#sweepAt) return;
    this.#sweepAt = now + SWEEP_EVERY_MS;
    for (const [key, entry] of this.#entries) {
      if (entry.keepUntil <= now) this.#entries.delete(key);
    }
  }
}
