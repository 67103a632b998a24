/** Something that is due at a moment. `place` belongs to the heap that holds it. */
export interface Due {
  /** Milliseconds since the epoch. */
  readonly at: number;
  place: number;
}

/** What is due, the earliest first: a binary heap, out of which anything can be taken. */
export class MomentHeap<T extends Due> {
  readonly #items: T[] = [];

  /** The earliest. */
  get first(): T | undefined {
    return this.#items[0];
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
      if (parent.at <= item.at) break;
      this.#put(parent, place);
      place = above;
    }
    this.#put(item, place);
  }

  #sink(item: T, from: number): void {
    let place = from;
    for (let child = this.#earlierChild(place); child !== undefined;) {
      if (child.at >= item.at) break;
      const next = child.place;
      this.#put(child, place);
      place = next;
      child = this.#earlierChild(place);
    }
    this.#put(item, place);
  }

  #earlierChild(place: number): T | undefined {
    const left = this.#items[2 * place + 1];
    const right = this.#items[2 * place + 2];
    return right !== undefined && right.at < left!.at ? right : left;
  }

  #put(item: T, place: number): void {
    this.#items[place] = item;
    item.place = place;
  }
}
