/** A text of so many bytes leaves more behind than V8 reckons with. */
const LARGE_BYTES = 128 * 1024;
/** So many bytes of large texts may be left behind before they are collected. */
const MOST_LEFT_BYTES = 2 * 1024 * 1024;

/**
 * Has the garbage of large texts collected before more of it is made. By itself V8 lets its heap grow
 * by several times what such a text takes, decoded and parsed, which for texts of a megabyte is more
 * than a small pod has; all others are left to it.
 */
export class Collector {
  readonly #collect: (() => void) | undefined;
  #left = 0;

  /** Without `collect`, which V8 has where it was started with `--expose-gc`, it does nothing. */
  constructor(collect: (() => void) | undefined) {
    this.#collect = collect;
  }

  /** A text of so many bytes is about to be decoded. */
  beforeDecoding(bytes: number): void {
    if (bytes < LARGE_BYTES) return;
    this.#left += bytes;
    if (this.#left <= MOST_LEFT_BYTES) return;
    this.#left = bytes;
    this.#collect?.();
  }
}

/** That of this process, which has one heap. */
export const collector: Collector = new Collector((globalThis as { gc?: () => void }).gc);
