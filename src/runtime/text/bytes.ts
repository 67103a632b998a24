/** All parts in one piece. */
export function concatenate(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    whole.set(part, offset);
    offset += part.length;
  }
  return whole;
}

/**
 * By how much a buffer grows that is too small: few are left behind, and memory that nobody has
 * written to yet costs nothing.
 */
export const GROWTH = 4;

/** Bytes that are put together piece by piece, in one buffer that grows. */
export class ByteBuffer {
  readonly #capacity: number;
  #buffer: Uint8Array<ArrayBuffer>;
  #length = 0;

  constructor(capacity = 16 * 1024) {
    this.#capacity = capacity;
    this.#buffer = new Uint8Array(capacity);
  }

  get length(): number {
    return this.#length;
  }

  append(part: Uint8Array): void {
    const length = this.#length + part.length;
    if (length > this.#buffer.length) {
      const grown = new Uint8Array(Math.max(length, this.#buffer.length * GROWTH));
      grown.set(this.bytes);
      this.#buffer = grown;
    }
    this.#buffer.set(part, this.#length);
    this.#length = length;
  }

  /** Starts anew. What was put together is good until the next piece. */
  clear(): void {
    this.#length = 0;
    if (this.#buffer.length > this.#capacity * GROWTH) {
      this.#buffer = new Uint8Array(this.#capacity);
    }
  }

  /** What was put together; good until the next piece. */
  get bytes(): Uint8Array<ArrayBuffer> {
    return this.#buffer.subarray(0, this.#length);
  }
}
