import { type Clock, isBetween } from "../runtime/clock.ts";

/** To look through all entries whenever one of them is over would cost more than it frees. */
const SWEEP_EVERY_MS = 10_000;

/** Which of the results that are there will do. */
export interface Asking<T> {
  /** Whether this value will do. Absent where any does. */
  readonly suits?: (value: T) => boolean;
  /**
   * Who asks was told of a failure then, in milliseconds since the epoch: a later one spares it an
   * attempt, an earlier one is the one that it tries to get over.
   */
  readonly failedAt?: number;
  /** No failure of another's, nor an attempt that was begun with less need, will do. */
  readonly lastTry?: boolean;
}

/** For how long results may be had by those who ask later. */
export interface Keeping<T> {
  /** Until when a value may be shared, in milliseconds since the epoch. */
  readonly until: (value: T) => number;
  /** For how long a failure is shared, in milliseconds. */
  readonly failureMs: (error: unknown) => number;
}

type Outcome<T> =
  | { readonly kind: "value"; readonly value: T }
  | { readonly kind: "failure" };

interface Entry<T> {
  readonly result: Promise<T>;
  readonly lastTry: boolean;
  /** Absent while the result is under way. */
  outcome?: Outcome<T>;
  /** Milliseconds since the epoch; infinite while the result is under way, as is `keepUntil`. */
  endedAt: number;
  keepUntil: number;
}

/**
 * Results shared by key: those who ask while one is being made wait for it together, and those who
 * ask soon after get the same. So it is with failures, that a thousand who share a mistake do not
 * each make it anew; but nobody is told of the same failure twice.
 */
export class SharedResults<T> {
  readonly #clock: Clock;
  readonly #keeping: Keeping<T>;
  readonly #signal: AbortSignal;
  readonly #entries = new Map<string, Entry<T>>();
  #sweep: { readonly at: number; readonly cancel: () => void } | undefined;

  /** What is over is dropped soon after. When `signal` aborts, all are. */
  constructor(clock: Clock, keeping: Keeping<T>, signal: AbortSignal) {
    this.#clock = clock;
    this.#keeping = keeping;
    this.#signal = signal;
    signal.addEventListener("abort", () => this.#end(), { once: true });
  }

  /** How many results are held, those under way included. */
  get size(): number {
    return this.#entries.size;
  }

  /** The shared result for `key`, made by `make` where there is none that will do. */
  get(key: string, make: () => Promise<T>, asking: Asking<T> = {}): Promise<T> {
    const known = this.#entries.get(key);
    if (known !== undefined && this.#willDo(known, asking)) return known.result;
    const entry: Entry<T> = {
      result: make(),
      lastTry: asking.lastTry ?? false,
      endedAt: Infinity,
      keepUntil: Infinity,
    };
    this.#entries.set(key, entry);
    entry.result.then(
      (value) => {
        this.#ended(entry, { kind: "value", value }, this.#keeping.until(value));
        this.#replaceFailure(key, entry);
      },
      (error) => {
        const keepUntil = this.#clock.now() + this.#keeping.failureMs(error);
        this.#ended(entry, { kind: "failure" }, keepUntil);
      },
    );
    return entry.result;
  }

  /**
   * Somebody found that value for `key` to be refused: it is shared no longer than until it is
   * `ageMs` old.
   */
  doubt(key: string, value: T, ageMs: number): void {
    const entry = this.#entries.get(key);
    if (entry?.outcome?.kind !== "value" || entry.outcome.value !== value) return;
    entry.keepUntil = Math.min(entry.keepUntil, entry.endedAt + ageMs);
    this.#sweepBy(entry.keepUntil);
  }

  #willDo({ outcome, lastTry, endedAt, keepUntil }: Entry<T>, asking: Asking<T>): boolean {
    if (outcome === undefined) return lastTry || !asking.lastTry;
    if (!isBetween(this.#clock.now(), endedAt, keepUntil)) return false;
    if (outcome.kind === "value") return asking.suits?.(outcome.value) ?? true;
    return !asking.lastTry && endedAt > (asking.failedAt ?? -Infinity);
  }

  #ended(entry: Entry<T>, outcome: Outcome<T>, keepUntil: number): void {
    entry.outcome = outcome;
    entry.endedAt = this.#clock.now();
    entry.keepUntil = keepUntil;
    this.#sweepBy(keepUntil);
  }

  /** What came late is as good as any, where what took its place came to nothing. */
  #replaceFailure(key: string, entry: Entry<T>): void {
    if (this.#entries.get(key)?.outcome?.kind === "failure") this.#entries.set(key, entry);
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
    for (const [key, { keepUntil, endedAt, outcome }] of this.#entries) {
      const isOver = outcome !== undefined && !isBetween(now, endedAt, keepUntil);
      if (isOver) this.#entries.delete(key);
      else next = Math.min(next, keepUntil);
    }
    if (next !== Infinity) this.#sweepBy(next);
  }

  #end(): void {
    this.#sweep?.cancel();
    this.#entries.clear();
  }
}
