import { expired } from "../model/errors.ts";
import type { KubeObject } from "../model/object.ts";

/** One committed write. `object` carries the new resourceVersion, also when it was deleted. */
export interface StoredEvent {
  readonly revision: number;
  readonly type: "ADDED" | "MODIFIED" | "DELETED";
  readonly object: KubeObject;
  /** The object before the write; absent when the write created it. */
  readonly previous?: KubeObject;
}

/** The recent writes of one resource, from which watches resume and consistent pages are read. */
export class History {
  #events: StoredEvent[] = [];
  #compacted = 0;
  readonly #capacity: number;

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  append(event: StoredEvent): void {
    this.#events.push(event);
    if (this.#events.length <= this.#capacity * 2) return;
    this.#drop(this.#events.length - this.#capacity);
  }

  /** Forgets every event up to `revision`, so that older versions answer 410. */
  compact(revision: number): void {
    const kept = this.#events.findIndex((event) => event.revision > revision);
    this.#drop(kept === -1 ? this.#events.length : kept);
    this.#compacted = Math.max(this.#compacted, revision);
  }

  /** The events after `revision`. Throws 410 when some of them are forgotten. */
  since(revision: number): readonly StoredEvent[] {
    const first = Math.max(0, this.#events.length - this.#capacity);
    const oldest = first === 0 ? this.#compacted : this.#events[first - 1]!.revision;
    if (revision < oldest) {
      throw expired(`too old resource version: ${revision} (${oldest + 1})`);
    }
    let from = this.#events.length;
    while (from > first && this.#events[from - 1]!.revision > revision) from--;
    return this.#events.slice(from);
  }

  #drop(count: number): void {
    const last = this.#events[count - 1];
    if (last === undefined) return;
    this.#compacted = last.revision;
    this.#events.splice(0, count);
  }
}
