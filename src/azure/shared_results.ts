import { type Clock, isBetween } from "../runtime/time/clock.ts";
import { Askers, type Lane } from "./askers.ts";

/** To look through all entries whenever one of them is over would cost more than it frees. */
const SWEEP_EVERY_MS = 10_000;
/**
 * Tenants may ask for any number of different results, and a registry of theirs may give long ones:
 * those that ended last are kept, up to so many, and of so many UTF-16 units together with their
 * keys. A thousand ordinary tokens fit.
 */
const MOST_KEPT = { results: 1000, length: 3 * 1024 * 1024 };
/** What a failure takes, in UTF-16 units: its message is cut. */
const FAILURE_LENGTH = 1024;

/** Which of the results that are there will do. */
export interface Asking<T> {
  /** Whether this value will do. Absent where any does. */
  readonly suits?: (value: T) => boolean;
  /**
   * Who asks was told of a failure then, in milliseconds since the epoch: a later one spares it an
   * attempt, an earlier one is the one that it tries to get over.
   */
  readonly failedAt?: number;
  /**
   * In whose names: they join those for whom the result is being made. In the last lane no failure
   * of another's will do, nor an attempt that was begun in the usual one.
   */
  readonly askers?: Askers;
}

/** For how long results may be had by those who ask later. */
export interface Keeping<T> {
  /** Until when a value may be shared, in milliseconds since the epoch. */
  readonly until: (value: T) => number;
  /** For how long a failure is shared, in milliseconds. */
  readonly failureMs: (error: unknown) => number;
  /** How much a value takes, in UTF-16 units. */
  readonly lengthOf: (value: T) => number;
}

type SharedOutcome<T> =
  | { readonly kind: "value"; readonly value: T }
  | { readonly kind: "failure" };

interface Entry<T> {
  readonly result: Promise<T>;
  /** Absent once the result is there: nobody waits for it any more. */
  askers: Askers | undefined;
  readonly lane: Lane;
  /** Absent while the result is under way. */
  outcome?: SharedOutcome<T>;
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
  readonly #underWay = new Map<string, Entry<T>>();
  /** In the order of their ends. */
  readonly #kept = new Map<string, Entry<T>>();
  /** Of all that is kept, in UTF-16 units. */
  #length = 0;
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
    return this.#underWay.size + this.#kept.size;
  }

  /** How much is kept, in UTF-16 units. */
  get length(): number {
    return this.#length;
  }

  /**
   * The shared result for `key`, made by `make` where there is none that will do. `make` is told for
   * whom; others may join them until it is done.
   */
  get(
    key: string,
    make: (askers: Askers) => Promise<T>,
    asking: Asking<T> = {},
  ): Promise<T> {
    const known = this.#current(key);
    if (known !== undefined && this.#willDo(known, asking)) {
      if (asking.askers !== undefined) known.askers?.follow(asking.askers);
      return known.result;
    }
    const askers = new Askers([], asking.askers?.lane);
    if (asking.askers !== undefined) askers.follow(asking.askers);
    const entry: Entry<T> = {
      result: make(askers),
      askers,
      lane: askers.lane,
      endedAt: Infinity,
      keepUntil: Infinity,
    };
    this.#underWay.set(key, entry);
    this.#drop(key);
    entry.result.then(
      (value) => this.#ended(key, entry, { kind: "value", value }, this.#keeping.until(value)),
      (error) => {
        const keepUntil = this.#clock.now() + this.#keeping.failureMs(error);
        this.#ended(key, entry, { kind: "failure" }, keepUntil);
      },
    );
    return entry.result;
  }

  #current(key: string): Entry<T> | undefined {
    return this.#underWay.get(key) ?? this.#kept.get(key);
  }

  /**
   * Somebody found that value for `key` to be refused: it is shared no longer than until it is
   * `ageMs` old.
   */
  doubt(key: string, value: T, ageMs: number): void {
    const entry = this.#kept.get(key);
    if (entry?.outcome?.kind !== "value" || entry.outcome.value !== value) return;
    entry.keepUntil = Math.min(entry.keepUntil, entry.endedAt + ageMs);
    this.#sweepBy(entry.keepUntil);
  }

  #willDo({ outcome, lane, endedAt, keepUntil }: Entry<T>, asking: Asking<T>): boolean {
    const isLast = asking.askers?.lane === "last";
    if (outcome === undefined) return !isLast || lane === "last";
    if (!isBetween(this.#clock.now(), endedAt, keepUntil)) return false;
    if (outcome.kind === "value") return asking.suits?.(outcome.value) ?? true;
    return !isLast && endedAt > (asking.failedAt ?? -Infinity);
  }

  #ended(key: string, entry: Entry<T>, outcome: SharedOutcome<T>, keepUntil: number): void {
    entry.outcome = outcome;
    entry.askers = undefined;
    entry.endedAt = this.#clock.now();
    entry.keepUntil = keepUntil;
    const isCurrent = this.#underWay.get(key) === entry;
    if (isCurrent) this.#underWay.delete(key);
    // What came late is as good as any, where what took its place came to nothing.
    const isBetter = outcome.kind === "value" && this.#current(key)?.outcome?.kind === "failure";
    if (isCurrent || isBetter) this.#keep(key, entry);
  }

  #keep(key: string, entry: Entry<T>): void {
    if (this.#signal.aborted) return;
    this.#drop(key);
    this.#kept.set(key, entry);
    this.#length += this.#lengthOf(key, entry);
    for (const oldest of this.#kept.keys()) {
      if (this.#kept.size <= MOST_KEPT.results && this.#length <= MOST_KEPT.length) break;
      this.#drop(oldest);
    }
    this.#sweepBy(entry.keepUntil);
  }

  #drop(key: string): void {
    const entry = this.#kept.get(key);
    if (entry === undefined) return;
    this.#kept.delete(key);
    this.#length -= this.#lengthOf(key, entry);
  }

  #lengthOf(key: string, { outcome }: Entry<T>): number {
    const length = outcome?.kind === "value"
      ? this.#keeping.lengthOf(outcome.value)
      : FAILURE_LENGTH;
    return key.length + length;
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
    for (const [key, { keepUntil, endedAt }] of this.#kept) {
      if (!isBetween(now, endedAt, keepUntil)) this.#drop(key);
      else next = Math.min(next, keepUntil);
    }
    if (next !== Infinity) this.#sweepBy(next);
  }

  #end(): void {
    this.#sweep?.cancel();
    this.#underWay.clear();
    this.#kept.clear();
    this.#length = 0;
  }
}
