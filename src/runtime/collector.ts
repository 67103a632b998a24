/** A text of so many bytes leaves more behind than V8 reckons with. */
const LARGE_BYTES = 64 * 1024;
/** So much may the heap grow, by its live part and what was left behind, before it is collected. */
const MOST_GROWN_BYTES = 3 * 1024 * 1024;

/** What a collector works with. */
export interface ProcessHeap {
  /** Bytes of the heap that are in use, or were left behind. */
  used(): number;
  /** Collects at once. Absent where V8 was started without `--expose-gc`: then nobody does. */
  readonly collect?: (() => void) | undefined;
}

/**
 * Has the heap collected in time where large texts are decoded and parsed. What these make is old to
 * V8 from the beginning, and while it marks, it lets a heap of 12 MB grow to 35: too much for a small
 * pod. All other garbage is left to V8.
 */
export class Collector {
  readonly #heap: ProcessHeap;
  /** The least that was in use since it was collected. */
  #least = Infinity;

  constructor(heap: ProcessHeap) {
    this.#heap = heap;
  }

  /** A text of so many bytes is about to be decoded. */
  beforeDecoding(bytes: number): void {
    const { collect } = this.#heap;
    if (bytes < LARGE_BYTES || collect === undefined) return;
    const used = this.#heap.used();
    this.#least = Math.min(this.#least, used);
    if (used - this.#least <= MOST_GROWN_BYTES) return;
    collect();
    this.#least = this.#heap.used();
  }
}

/** That of this process, which has one heap. */
export const collector: Collector = new Collector({
  used: () => {
    const { heapUsed, external } = Deno.memoryUsage();
    return heapUsed + external;
  },
  collect: (globalThis as { gc?: () => void }).gc,
});
