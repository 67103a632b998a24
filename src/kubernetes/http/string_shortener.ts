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

  #scratch = new Uint8Array(0);

  constructor(longestBytes: number) {
    this.#longest = longestBytes;
  }

  /**
   * What is to be kept of the chunk; good until the next is pushed. It is written into `into`, which
   * may be the chunk itself.
   */
  push(
    chunk: Uint8Array,
    into: Uint8Array<ArrayBuffer> = this.#room(chunk.length),
  ): Uint8Array<ArrayBuffer> {
    let length = 0;
    for (let at = 0; at < chunk.length;) {
      if (this.#copied === Infinity) {
        at = this.#skip(chunk, at);
        if (at === chunk.length) break;
      }
      const byte = chunk[at++]!;
      if (this.#keeps(byte)) into[length++] = byte;
    }
    return into.subarray(0, length);
  }

  #room(length: number): Uint8Array<ArrayBuffer> {
    if (this.#scratch.length < length) this.#scratch = new Uint8Array(length);
    return this.#scratch;
  }

  /** Where the string that is cut is closed, or the chunk's end: megabytes may be in between. */
  #skip(chunk: Uint8Array, from: number): number {
    let at = this.#escape === undefined ? from + 1 : from;
    this.#escape = 0;
    for (;;) {
      const quote = chunk.indexOf(QUOTE, at);
      const end = quote < 0 ? chunk.length : quote;
      const isEscaped = isOdd(backslashesBefore(chunk, end, at));
      if (quote < 0) {
        if (isEscaped) this.#escape = undefined;
        return end;
      }
      if (!isEscaped) return quote;
      at = quote + 1;
    }
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
      this.#copied = 0;
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

function backslashesBefore(chunk: Uint8Array, end: number, from: number): number {
  let at = end;
  while (at > from && chunk[at - 1] === BACKSLASH) at--;
  return end - at;
}

function isOdd(count: number): boolean {
  return count % 2 === 1;
}
