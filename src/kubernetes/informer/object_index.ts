import type { IndexFunction, KeptObject } from "./cache.ts";

/** Finds objects by what they hold. Costs of a change grow with its own keys, not with the store. */
export class ObjectIndex<K extends KeptObject> {
  readonly #keysOf: IndexFunction<K>;
  /** Most keys lead to one object, which then needs no set. */
  readonly #found = new Map<string, K | Set<K>>();

  constructor(keysOf: IndexFunction<K>) {
    this.#keysOf = keysOf;
  }

  add(object: K): void {
    for (const key of this.#keysOf(object)) {
      const found = this.#found.get(key);
      if (found === undefined) this.#found.set(key, object);
      else if (found instanceof Set) found.add(object);
      else if (found !== object) this.#found.set(key, new Set([found, object]));
    }
  }

  remove(object: K): void {
    for (const key of this.#keysOf(object)) {
      const found = this.#found.get(key);
      if (found === object) this.#found.delete(key);
      else if (found instanceof Set && found.delete(object) && found.size === 0) {
        this.#found.delete(key);
      }
    }
  }

  get(key: string): K[] {
    const found = this.#found.get(key);
    if (found === undefined) return [];
    return found instanceof Set ? [...found] : [found];
  }
}
