import { type Clock, isWithin } from "../../runtime/time/clock.ts";
import { FairLine, type Waiting } from "../../runtime/fairness/fair_line.ts";
import { FairPlaces } from "../../runtime/fairness/fair_places.ts";
import { BoundedMap } from "../../runtime/bounded_map.ts";

/**
 * A write must be answered so soon, in ms, in a namespace where it lately was. With 16 namespaces
 * whose webhooks hang, that have 8 places in two rounds, another one's Event waits for 3 s.
 */
const USUAL = { places: 8, limitMs: 1_500 };
/** Where answers were long in coming, writes have time, but few places, which nobody else needs. */
const SLOW = { places: 4, limitMs: 10_000 };
/** At the end no Event waits for a place behind those that hang. */
const PLACES_AT_END = 64;
const SLOW_ANSWER_MS = 1_000;
/** How long a namespace is slow after a slow answer. */
const SLOW_FOR_MS = 60_000;
const MOST_NAMESPACES = 4_096;

/** A namespace's turn to write. */
export interface Turn<T> {
  readonly item: T;
  /** Milliseconds that it may take. */
  readonly limitMs: number;
  /** Gives its place back; a second call does nothing. */
  readonly leave: () => void;
}

/**
 * Gives namespaces their turns to write. Those that were long in answering lately have their own
 * places, so that the others wait for none of them.
 */
export class Lanes<T> {
  readonly #clock: Clock;
  readonly #usual: Lane<T>;
  readonly #slow: Lane<T>;
  readonly #slowAt = new BoundedMap<string, number>(MOST_NAMESPACES);

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#usual = new Lane(clock, USUAL);
    this.#slow = new Lane(clock, SLOW);
  }

  /** Places taken. */
  get held(): number {
    return this.#usual.held + this.#slow.held;
  }

  /** Lets the namespace wait for its turn. Answers what ends that; it may wait once at a time. */
  enter(item: T, namespace: string): () => void {
    const lane = this.#isSlow(namespace) ? this.#slow : this.#usual;
    return lane.enter(item, namespace);
  }

  /** The next whose turn it is; undefined where none waits, or no place is free. */
  take(): Turn<T> | undefined {
    return this.#usual.take() ?? this.#slow.take();
  }

  /** Counts the time that a write of the namespace took, in ms, whatever became of it. */
  took(namespace: string, ms: number): void {
    if (ms >= SLOW_ANSWER_MS) this.#slowAt.set(namespace, this.#clock.now());
  }

  /** From now on many have a place at once. */
  widen(): void {
    this.#usual.resize(PLACES_AT_END);
    this.#slow.resize(PLACES_AT_END);
  }

  #isSlow(namespace: string): boolean {
    const at = this.#slowAt.get(namespace);
    if (at === undefined) return false;
    if (isWithin(this.#clock.now(), at, SLOW_FOR_MS)) return true;
    this.#slowAt.delete(namespace);
    return false;
  }
}

class Lane<T> {
  readonly #line: FairLine<T>;
  readonly #places: FairPlaces;
  readonly #limitMs: number;

  constructor(clock: Clock, { places, limitMs }: { places: number; limitMs: number }) {
    this.#line = new FairLine(() => clock.now());
    this.#places = new FairPlaces({ places, alpha: 0 });
    this.#limitMs = limitMs;
  }

  get held(): number {
    return this.#places.held;
  }

  resize(places: number): void {
    this.#places.resize({ places, alpha: 0 });
  }

  enter(item: T, namespace: string): () => void {
    const waiting: Waiting<T> = this.#line.add(item, [namespace]);
    return () => void this.#line.remove(waiting);
  }

  take(): Turn<T> | undefined {
    const taken = this.#line.take(this.#places);
    if (taken === undefined) return undefined;
    const leave = this.#places.take(taken.namespace, false);
    return { item: taken.waiting.item, limitMs: this.#limitMs, leave };
  }
}
