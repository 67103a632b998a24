import type { Clock } from "../runtime/clock.ts";

/** To look through all entries whenever one of them is over would cost more than it frees. */
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
  readonly #signal: AbortSignal;
  readonly #entries = new Map<string, Entry<T>>();
  #sweep: { readonly at: number; readonly cancel: () => void } | undefined;

  /**
   * `keepUntil` says until when (milliseconds since the epoch) a result may be shared; soon after it
   * is dropped. When `signal` aborts, all are.
   */
  constructor(clock: Clock, keepUntil: (value: T) => number, signal: AbortSignal) {
    this.#clock = clock;
    this.#keepUntil = keepUntil;
    this.#signal = signal;
    signal.addEventListener("abort", () => this.#end(), { once: true });
  }

  /** How many results are held, those under way included. */
  get size(): number {
    return this.#entries.size;
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
    const entry: Entry<T> = { result: make(), keepUntil: Infinity };
    this.#entries.set(key, entry);
    entry.result.then(
      (value) => {
        entry.value = value;
        entry.keepUntil = this.#keepUntil(value);
        this.#sweepBy(entry.keepUntil);
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

  /** Results are tokens, which must not outlive their use in memory, however idle the operator. */
  #sweepBy(moment: number): void {
    if (this.#signal.aborted) return;
    const now = this.#clock.now();
    const at = Math.max(moment, now + SWEEP_EVERY_MS);
    if (this.#sweep !== undefined && this.#sweep.at <= at) return;
    this.#sweep?.cancel();
    this.#sweep = { at, cancel: this.#clock.after(at - now, () => this.#dropStale()) };
  }

  #dropStale(): void {
    this.#sweep = undefined;
    const now = this.#clock.now();
    let next = Infinity;
    for (const [key, { keepUntil }] of this.#entries) {
      if (keepUntil <= now) this.#entries.delete(key);
      else next = Math.min(next, keepUntil);
    }
    if (next !== Infinity) this.#sweepBy(next);
  }

  #end(): void {
    this.#sweep?.cancel();
    this.#entries.clear();
  }
}
