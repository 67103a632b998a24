const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const LETTER_U = 0x75;

/** The most that one character takes: `\u003c`. */
const LONGEST_CHARACTER = 6;

/**
 * Copies JSON as its bytes come, whatever the chunks are, and of every string no more than a number
 * of bytes, so that one long value does not hide the rest. What it copies is JSON if its source is.
 */
export class StringShortener {
  readonly #longest: number;
  #inString = false;
  /** Bytes of the string that is open which were copied; infinite once it is cut. */
  #copied = 0;
  /** Bytes of an escape that are still to come; undefined where the next tells how many. */
  #escape: number | undefined = 0;

  constructor(longestBytes: number) {
    this.#longest = longestBytes;
  }

  /** What is to be kept of the chunk. */
  push(chunk: Uint8Array): Uint8Array<ArrayBuffer> {
    const kept = new Uint8Array(chunk.length);
    let length = 0;
    for (const byte of chunk) if (this.#keeps(byte)) kept[length++] = byte;
    return kept.slice(0, length);
  }

  #keeps(byte: number): boolean {
    if (!this.#inString) {
      this.#inString = byte === QUOTE;
      this.#copied = 0;
      return true;
    }
    if (this.#escape !== 0) {
      this.#escape = this.#escape === undefined ? (byte === LETTER_U ? 4 : 0) : this.#escape - 1;
      return this.#copy();
    }
    if (byte === QUOTE) {
      this.#inString = false;
      return true;
    }
    // Neither an escape nor a character of several bytes is torn apart.
    const begins = (byte & 0xc0) !== 0x80;
    if (begins && this.#copied + LONGEST_CHARACTER > this.#longest) this.#copied = Infinity;
    if (byte === BACKSLASH) this.#escape = undefined;
    return this.#copy();
  }

  #copy(): boolean {
    this.#copied++;
    return this.#copied !== Infinity;
  }
}
