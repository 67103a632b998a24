import type { Clock } from "../runtime/time/clock.ts";
import { Heap, type Placed } from "../runtime/fairness/heap.ts";

/** A key's moment. */
interface Entry extends Placed {
  readonly key: string;
  /** Milliseconds since the epoch. */
  readonly at: number;
}

/**
 * How long the wall clock is not looked at. A timer knows nothing of it: what is due by a clock that
 * was set forward, or on a machine that was suspended meanwhile, is late by no more than this.
 */
const LONGEST_SLEEP_MS = 60_000;

/**
 * A clock that was set back by more than this has every key looked at, for the moments that were
 * reckoned by it may no longer hold.
 */
const SET_BACK_MS = 60_000;

/**
 * One moment a key: when a binding is to be looked at again. All keys share one timer, so that
 * thousands of them cost an idle process one look a minute.
 */
export class Timers {
  readonly #clock: Clock;
  readonly #due: (key: string) => void;
  readonly #pending = new Map<string, Entry>();
  readonly #order = new Heap<Entry>((one, other) => one.at < other.at);
  /** The timer that runs, and the earliest entry when it was set. */
  #timer: { readonly first: Entry; readonly cancel: () => void } | undefined;
  /** The latest moment that the clock has told since the last look. */
  #latest = -Infinity;

  /** Calls `due` with a key when its moment has come, or the wall clock was set back. */
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
    this.#forget(key);
    const entry = { key, at, place: -1 };
    this.#pending.set(key, entry);
    this.#order.add(entry);
    this.#arm();
  }

  /** Takes the moment of `key` back. */
  clear(key: string): void {
    this.#forget(key);
    this.#arm();
  }

  /** Takes every moment back. */
  stop(): void {
    for (const key of this.#pending.keys()) this.#forget(key);
    this.#arm();
  }

  #forget(key: string): void {
    const entry = this.#pending.get(key);
    if (entry === undefined) return;
    this.#pending.delete(key);
    this.#order.remove(entry);
  }

  #arm(): void {
    const { first } = this.#order;
    if (this.#timer?.first === first) return;
    this.#timer?.cancel();
    this.#timer = undefined;
    if (first === undefined) return;
    const now = this.#clock.now();
    this.#latest = Math.max(this.#latest, now);
    const waitMs = Math.max(0, Math.ceil(first.at - now));
    const cancel = this.#clock.after(Math.min(waitMs, LONGEST_SLEEP_MS), () => this.#look());
    this.#timer = { first, cancel };
  }

  #look(): void {
    this.#timer = undefined;
    const now = this.#clock.now();
    const wasSetBack = now < this.#latest - SET_BACK_MS;
    this.#latest = now;
    // What is set from within is looked at next time: it may have passed already.
    for (const entry of this.#takeDue(wasSetBack ? Infinity : now)) {
      if (this.#pending.get(entry.key) !== entry) continue;
      this.#pending.delete(entry.key);
      this.#due(entry.key);
    }
    this.#arm();
  }

  #takeDue(until: number): readonly Entry[] {
    const due: Entry[] = [];
    for (let { first } = this.#order; first !== undefined && first.at <= until;) {
      this.#order.remove(first);
      due.push(first);
      first = this.#order.first;
    }
    return due;
  }
}
