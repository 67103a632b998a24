import type { Inspection, Trouble } from "./plan/snapshot.ts";
import type { Refusal } from "./refusal.ts";

/** What is remembered of one binding from one look at it to the next. */
export interface Remembered {
  /** The verdict on a Secret that others wrote, so that each version is read once. */
  readonly inspection?: Inspection | undefined;
  readonly trouble?: Trouble | undefined;
  /** Failures in a row to write a status, which says nothing of the credential. */
  readonly untold?: number | undefined;
  /** Of a status, which is told shorter since. */
  readonly refusal?: Refusal | undefined;
  /** How often in a row something threw while it was read or planned. */
  readonly broken?: number | undefined;
}

interface Entry extends Remembered {
  readonly uid: string;
}

const NOTHING: Remembered = {};

/**
 * What is remembered of bindings, each known by its key and UID: one that was made anew under the
 * name of another starts from nothing. There is nothing of bindings of which nothing is to be
 * remembered.
 */
export class Memory {
  readonly #entries = new Map<string, Entry>();

  /** How many bindings something is remembered of. */
  get size(): number {
    return this.#entries.size;
  }

  /** What is remembered of the binding `uid`. */
  of(key: string, uid: string): Remembered {
    const entry = this.#entries.get(key);
    return entry?.uid === uid ? entry : NOTHING;
  }

  /** What is remembered of whichever binding was known last by that key. */
  last(key: string): Remembered {
    return this.#entries.get(key) ?? NOTHING;
  }

  /** Remembers `change` besides; a member that is undefined is forgotten. */
  note(key: string, uid: string, change: Remembered): void {
    const entry = { ...this.of(key, uid), ...change, uid };
    const { uid: _, ...remembered } = entry;
    const isEmpty = Object.values(remembered).every((value) => value === undefined);
    if (isEmpty) this.#entries.delete(key);
    else this.#entries.set(key, entry);
  }

  /** Forgets whatever binding was known by that key. */
  forget(key: string): void {
    this.#entries.delete(key);
  }
}
