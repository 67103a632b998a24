import type { KubernetesObject, Stored } from "../resources/object.ts";

/** The keys under which an index finds an object. Pure: asked again when the object leaves. */
export type IndexFunction<T extends KubernetesObject> = (object: Stored<T>) => readonly string[];

/** Finds objects by what they hold. Costs of a change grow with its own keys, not with the store. */
export class ObjectIndex<T extends KubernetesObject> {
  readonly #keysOf: IndexFunction<T>;
  /** Most keys lead to one object, which then needs no set. */
  readonly #found = new Map<string, Stored<T> | Set<Stored<T>>>();

  constructor(keysOf: IndexFunction<T>) {
    this.#keysOf = keysOf;
  }

  add(object: Stored<T>): void {
    for (const key of this.#keysOf(object)) {
      const found = this.#found.get(key);
      if (found === undefined) this.#found.set(key, object);
      else if (found instanceof Set) found.add(object);
      else if (found !== object) this.#found.set(key, new Set([found, object]));
    }
  }

  remove(object: Stored<T>): void {
    for (const key of this.#keysOf(object)) {
      const found = this.#found.get(key);
      if (found === object) this.#found.delete(key);
      else if (found instanceof Set && found.delete(object) && found.size === 0) {
        this.#found.delete(key);
      }
    }
  }

  get(key: string): Stored<T>[] {
    const found = this.#found.get(key);
    if (found === undefined) return [];
    return found instanceof Set ? [...found] : [found];
  }
}
