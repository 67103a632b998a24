import { concatenate, GROWTH } from "../../runtime/text/bytes.ts";
import { ApiError } from "./errors.ts";
import { LARGE_BYTES } from "./measured.ts";
import { LONGEST_OBJECT_BYTES } from "./longest_object.ts";
import { StringShortener } from "./string_shortener.ts";

const FIRST_BYTES = 64 * 1024;

/**
 * Where the bytes of one object are put together, for one list after the other: what was grown for a
 * large object serves the next, and is not left for collection page by page.
 */
export class Scratch {
  #spare: Uint8Array<ArrayBuffer> | undefined;

  /** A buffer of the taker's own. */
  take(): Uint8Array<ArrayBuffer> {
    const buffer = this.#spare ?? new Uint8Array(FIRST_BYTES);
    this.#spare = undefined;
    return buffer;
  }

  /** Gives a buffer back for the next. */
  give(buffer: Uint8Array<ArrayBuffer>): void {
    this.#spare = buffer;
  }

  /** Keeps nothing: no list will follow soon. */
  drop(): void {
    this.#spare = undefined;
  }
}

const QUOTE = 0x22;
const COMMA = 0x2c;
const COLON = 0x3a;
const BACKSLASH = 0x5c;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const ITEMS = new TextEncoder().encode('"items"');

/** Brackets that are open within one of the list's objects: the list's, the array's and its own. */
const OBJECT_DEPTH = 3;

/**
 * Cuts a list's JSON into its objects as the bytes come, whatever the chunks are, so that no more
 * than one of them is in memory. It looks at quotes and brackets alone, in one pass: whether the
 * pieces are JSON is for their parser to say.
 */
export class ListSplitter {
  readonly #onItem: (bytes: Uint8Array, read: number) => void;
  readonly #longest: number;
  readonly #longestString: number;
  /** What is known around the objects, but for the bytes that are still in the buffer. */
  readonly #around: Uint8Array[] = [];
  #buffer: Uint8Array<ArrayBuffer>;
  /** Bytes in the buffer, and those of them that were looked at. */
  #length = 0;
  #at = 0;
  #depth = 0;
  #inString = false;
  /** Whether the array that is open is that of the list's objects. */
  #inItems = false;
  /** Where the object that is open began. */
  #start: number | undefined;
  /** Of an open object that is large: what cuts its strings, and how far that has come. */
  #shortened: { readonly by: StringShortener; length: number; read: number } | undefined;
  /** Where that begins which stands before the next object. */
  #gap = 0;
  #ended = false;

  /**
   * `onItem` is given bytes that are good only until it returns, and how many were read for them.
   * What it throws, `push` throws. Of a large object no string has more than `longestString` bytes.
   */
  constructor(
    onItem: (bytes: Uint8Array, read: number) => void,
    buffer: Uint8Array<ArrayBuffer> = new Uint8Array(FIRST_BYTES),
    longestBytes: number = LONGEST_OBJECT_BYTES,
    longestString: number = Infinity,
  ) {
    this.#onItem = onItem;
    this.#buffer = buffer;
    this.#longest = longestBytes;
    this.#longestString = longestString;
  }

  /** The buffer that it was given, or one that was needed in its place. */
  get buffer(): Uint8Array<ArrayBuffer> {
    return this.#buffer;
  }

  /** Whether the list was closed. */
  get ended(): boolean {
    return this.#ended;
  }

  /** The list without its objects: JSON, if the whole is. */
  around(): Uint8Array<ArrayBuffer> {
    const rest = this.#buffer.slice(this.#gap, this.#length);
    return concatenate([...this.#around, rest]);
  }

  /** Takes in what came. Throws an ApiError of reason `BadAnswer` for an object that is too long. */
  push(chunk: Uint8Array): void {
    this.#append(chunk);
    const bytes = this.#buffer.subarray(0, this.#length);
    while (this.#at < bytes.length) {
      this.#skip(bytes);
      if (this.#at < bytes.length) this.#bracket(bytes, bytes[this.#at++]!);
    }
    this.#shorten();
  }

  /**
   * Goes to the next bracket that matters, or to the end of what came: in an object to the one that
   * closes it. Nearly all bytes of a list pass through this loop.
   */
  #skip(bytes: Uint8Array): void {
    const inObject = this.#start !== undefined;
    const { length } = bytes;
    let at = this.#at;
    let depth = this.#depth;
    let inString = this.#inString;
    while (at < length) {
      if (inString) {
        const quote = bytes.indexOf(QUOTE, at);
        at = quote < 0 ? length : quote + 1;
        inString = quote < 0 || isEscaped(bytes, quote);
        continue;
      }
      const byte = bytes[at]!;
      if (byte === QUOTE) inString = true;
      else if (byte === OPEN_BRACE || byte === OPEN_BRACKET) {
        if (!inObject) break;
        depth++;
      } else if (byte === CLOSE_BRACE || byte === CLOSE_BRACKET) {
        if (!inObject || depth === OBJECT_DEPTH) break;
        depth--;
      }
      at++;
    }
    this.#at = at;
    this.#depth = depth;
    this.#inString = inString;
  }

  #bracket(bytes: Uint8Array<ArrayBuffer>, byte: number): void {
    if (byte === OPEN_BRACE || byte === OPEN_BRACKET) this.#open(bytes, byte);
    else this.#close(bytes);
  }

  #open(bytes: Uint8Array, byte: number): void {
    const at = this.#at - 1;
    if (this.#depth === 1 && byte === OPEN_BRACKET) this.#inItems = followsItems(bytes, at);
    this.#depth++;
    if (this.#depth !== OBJECT_DEPTH || !this.#inItems || byte !== OPEN_BRACE) return;
    this.#keepGap(bytes.subarray(this.#gap, at));
    this.#start = at;
  }

  #close(bytes: Uint8Array<ArrayBuffer>): void {
    this.#depth--;
    if (this.#start !== undefined) {
      this.#gap = this.#at;
      this.#tellItem(bytes, this.#start);
      this.#start = undefined;
    }
    if (this.#depth === 1) this.#inItems = false;
    if (this.#depth === 0) this.#ended = true;
  }

  #tellItem(bytes: Uint8Array<ArrayBuffer>, start: number): void {
    const shortened = this.#shortened;
    if (shortened === undefined) {
      return this.#onItem(bytes.subarray(start, this.#at), this.#at - start);
    }
    this.#shortened = undefined;
    const rest = bytes.subarray(start + shortened.length, this.#at);
    // Nobody needs the bytes any more that are overwritten by those which are kept.
    const kept = shortened.by.push(rest, rest);
    const end = start + shortened.length + kept.length;
    this.#onItem(bytes.subarray(start, end), shortened.read + rest.length);
  }

  /** Cuts the strings of an open object that turns out to be large. All of it was looked at. */
  #shorten(): void {
    const start = this.#start;
    if (start === undefined || this.#longestString === Infinity) return;
    if (this.#shortened === undefined && this.#length - start <= LARGE_BYTES) return;
    this.#shortened ??= { by: new StringShortener(this.#longestString), length: 0, read: 0 };
    const shortened = this.#shortened;
    const from = start + shortened.length;
    // A backslash at the end says of the next byte that it closes no string.
    const held = isEscaped(this.#buffer, this.#length) ? 1 : 0;
    const raw = this.#buffer.subarray(from, this.#length - held);
    const kept = shortened.by.push(raw, raw);
    shortened.read += raw.length;
    if (shortened.read > this.#longest) throw tooLong(this.#longest);
    shortened.length += kept.length;
    this.#length = this.#at = from + kept.length + held;
    if (held > 0) this.#buffer[this.#length - 1] = BACKSLASH;
  }

  /** The commas between objects go with them. */
  #keepGap(gap: Uint8Array): void {
    const isBetween = this.#around.length > 0 &&
      gap.every((byte) => byte === COMMA || isSpace(byte));
    if (!isBetween) this.#around.push(gap.slice());
  }

  /** Puts a chunk behind what is still needed. */
  #append(chunk: Uint8Array): void {
    const unneeded = this.#start ?? this.#gap;
    const kept = this.#length - unneeded;
    if (kept > this.#longest) throw tooLong(this.#longest);
    this.#makeRoom(unneeded, kept + chunk.length);
    this.#buffer.set(chunk, kept);
    this.#length = kept + chunk.length;
    this.#at -= unneeded;
    this.#gap = 0;
    if (this.#start !== undefined) this.#start = 0;
  }

  #makeRoom(unneeded: number, length: number): void {
    const needed = this.#buffer.subarray(unneeded, this.#length);
    if (length > this.#buffer.length) {
      this.#buffer = new Uint8Array(Math.max(length, this.#buffer.length * GROWTH));
    } else if (unneeded === 0) return;
    this.#buffer.set(needed);
  }
}

/** Whether an odd number of backslashes stands before: an even one is escaped itself. */
function isEscaped(bytes: Uint8Array, quote: number): boolean {
  let before = quote - 1;
  while (bytes[before] === BACKSLASH) before--;
  return (quote - before) % 2 === 0;
}

/** Whether the bracket at `at` opens the value of the member `items`. */
function followsItems(bytes: Uint8Array, at: number): boolean {
  const colon = skipSpaceBack(bytes, at - 1);
  if (bytes[colon] !== COLON) return false;
  const from = skipSpaceBack(bytes, colon - 1) - ITEMS.length + 1;
  return from > 0 && bytes[from - 1] !== BACKSLASH &&
    ITEMS.every((byte, index) => bytes[from + index] === byte);
}

function skipSpaceBack(bytes: Uint8Array, from: number): number {
  let at = from;
  while (at >= 0 && isSpace(bytes[at]!)) at--;
  return at;
}

function isSpace(byte: number): boolean {
  return byte <= 0x20;
}

function tooLong(longest: number): ApiError {
  return new ApiError({
    code: 200,
    reason: "BadAnswer",
    message: `an object of the list has more than ${longest} bytes`,
  });
}
