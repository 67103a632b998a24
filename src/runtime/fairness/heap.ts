/** What a heap can hold. `place` belongs to the one heap that holds it. */
export interface Placed {
  place: number;
}

/** Things in an order, the first at hand: a binary heap, out of which anything can be taken. */
export class Heap<T extends Placed> {
  readonly #precedes: (one: T, other: T) => boolean;
  readonly #items: T[] = [];

  /** `precedes` must not change its mind on what is in the heap. */
  constructor(precedes: (one: T, other: T) => boolean) {
    this.#precedes = precedes;
  }

  /** That which nothing precedes. */
  get first(): T | undefined {
    return this.#items[0];
  }

  get size(): number {
    return this.#items.length;
  }

  add(item: T): void {
    this.#rise(item, this.#items.length);
  }

  /** Takes `item` out; one that is not in it stays out. */
  remove(item: T): void {
    if (this.#items[item.place] !== item) return;
    const last = this.#items.pop()!;
    if (last === item) return;
    // The last one takes its place, which may be in another branch: it may belong above or below.
    this.#rise(last, item.place);
    this.#sink(last, last.place);
  }

  #rise(item: T, from: number): void {
    let place = from;
    while (place > 0) {
      const above = (place - 1) >> 1;
      const parent = this.#items[above]!;
      if (!this.#precedes(item, parent)) break;
      this.#put(parent, place);
      place = above;
    }
    this.#put(item, place);
  }

  #sink(item: T, from: number): void {
    let place = from;
    for (let child = this.#firstChild(place); child !== undefined;) {
      if (!this.#precedes(child, item)) break;
      const next = child.place;
      this.#put(child, place);
      place = next;
      child = this.#firstChild(place);
    }
    this.#put(item, place);
  }

  #firstChild(place: number): T | undefined {
    const left = this.#items[2 * place + 1];
    const right = this.#items[2 * place + 2];
    return right !== undefined && this.#precedes(right, left!) ? right : left;
  }

  #put(item: T, place: number): void {
    this.#items[place] = item;
    item.place = place;
  }
}
