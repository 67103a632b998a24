import { type Admission, FairLine, type Waiting } from "../../runtime/fair_line.ts";
import { FairPlaces, type PlacesOptions } from "../../runtime/fair_places.ts";
import { namespaceOf, type Series } from "./event.ts";

/**
 * Beyond this an Event is dropped: a queue must not eat the memory. One namespace alone may have
 * 1,000 in it, which is client-go's bound, and leaves the rest to others.
 */
const ROOM: PlacesOptions = { places: 1_334, alpha: 3 };

/** A place in the queue. */
interface Queued {
  readonly waiting: Waiting<Series>;
  readonly leave: () => void;
}

/** Events that wait to be written, by turns of their namespaces; none fills it for the others. */
export class SeriesQueue implements Iterable<Series> {
  readonly #room = new FairPlaces(ROOM);
  readonly #line: FairLine<Series>;
  readonly #queued = new Map<Series, Queued>();

  /** `now` answers milliseconds since the epoch. */
  constructor(now: () => number) {
    this.#line = new FairLine(now);
  }

  get size(): number {
    return this.#queued.size;
  }

  has(series: Series): boolean {
    return this.#queued.has(series);
  }

  /** Answers whether there was room for it. */
  add(series: Series): boolean {
    const namespace = namespaceOf(series.subject);
    if (!this.#room.admits(namespace, false)) return false;
    const leave = this.#room.take(namespace, false);
    this.#queued.set(series, { leave, waiting: this.#line.add(series, [namespace]) });
    return true;
  }

  /** Takes out the next whose namespace is admitted. */
  take(admission: Admission): { readonly series: Series; readonly namespace: string } | undefined {
    const taken = this.#line.take(admission);
    if (taken === undefined) return undefined;
    const series = taken.waiting.item;
    this.delete(series);
    return { series, namespace: taken.namespace };
  }

  delete(series: Series): void {
    const queued = this.#queued.get(series);
    if (queued === undefined) return;
    this.#queued.delete(series);
    this.#line.remove(queued.waiting);
    queued.leave();
  }

  /** All, in the order of their coming. */
  [Symbol.iterator](): Iterator<Series> {
    return this.#queued.keys();
  }
}
