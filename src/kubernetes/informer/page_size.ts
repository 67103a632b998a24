/** What a page should have, in bytes of JSON: 500 ordinary objects have less. */
const PAGE_BYTES = 2 * 1024 * 1024;

/**
 * How many objects the next page of a list is asked for. The server makes a page in one piece. So
 * large objects are asked for in small numbers: as many as `PAGE_BYTES` hold, by the last page, and
 * half as many after a failure, down to one.
 */
export class PageSize {
  readonly #most: number;
  #next: number;

  constructor(most: number) {
    this.#most = most;
    this.#next = most;
  }

  get next(): number {
    return this.#next;
  }

  /** A page was read. `bytes` is undefined where nobody measured it. */
  read(objects: number, bytes: number | undefined): void {
    if (objects === 0 || bytes === undefined) return;
    // Large objects often stand together: what fits by the last page alone may be far too much.
    const fitting = Math.floor(PAGE_BYTES / (bytes / objects));
    this.#set(Math.min(fitting, this.#next * 2));
  }

  /** A page broke off, perhaps for its size. */
  failed(): void {
    this.#set(Math.floor(this.#next / 2));
  }

  #set(size: number): void {
    this.#next = Math.min(this.#most, Math.max(1, size));
  }
}
