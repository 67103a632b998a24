import { ByteBuffer } from "../../runtime/text/bytes.ts";
import { decodeUtf8 } from "../../runtime/text/utf8.ts";
import type { JSONValue } from "./contract.ts";
import { ApiError } from "./errors.ts";
import { LONGEST_OBJECT_BYTES } from "./longest_object.ts";
import { LARGE_BYTES, measured } from "./measured.ts";
import { StringShortener } from "./string_shortener.ts";

const NEWLINE = 0x0a;

/**
 * Splits bytes at newlines, whatever the chunks are. It splits before decoding: 0x0A never occurs
 * inside a UTF-8 sequence, so a character cut in two by the network is whole again in its line.
 */
export class LineSplitter {
  readonly #longest: number;
  readonly #longestString: number;
  /** A line whose end has not come yet. */
  readonly #begun = new ByteBuffer();
  /** Cuts the strings of such a line, once that is large. */
  #shortener: StringShortener | undefined;
  /** Bytes of the line that were left out. */
  #left = 0;

  /** Of a large line of JSON no string has more than `longestString` bytes. */
  constructor(longestBytes: number = LONGEST_OBJECT_BYTES, longestString: number = Infinity) {
    this.#longest = longestBytes;
    this.#longestString = longestString;
  }

  /** Bytes of a line whose end has not come yet. */
  get pending(): number {
    return this.#begun.length;
  }

  /**
   * Tells each line that `chunk` completes, without its newline, and how many bytes were read for it;
   * good until `onLine` returns. Throws when a line is too long, and what `onLine` throws.
   */
  push(chunk: Uint8Array, onLine: (line: Uint8Array, read: number) => void): void {
    let start = 0;
    for (let end; (end = chunk.indexOf(NEWLINE, start)) >= 0; start = end + 1) {
      const line = this.#completed(chunk.subarray(start, end));
      onLine(line, line.length + this.#left);
      this.#begun.clear();
      this.#shortener = undefined;
      this.#left = 0;
    }
    if (start < chunk.length) this.#begin(chunk.subarray(start));
  }

  #completed(part: Uint8Array): Uint8Array {
    if (this.#begun.length === 0) return part;
    this.#begin(part);
    return this.#begun.bytes;
  }

  #begin(whole: Uint8Array): void {
    const part = this.#shortened(whole);
    if (this.#left + this.#begun.length + part.length > this.#longest) {
      throw new ApiError({
        code: 0,
        reason: "BadAnswer",
        message: `a line of the stream is longer than ${this.#longest} bytes`,
      });
    }
    this.#begun.append(part);
  }

  /** What is kept of a part of the line that has begun. */
  #shortened(part: Uint8Array): Uint8Array {
    if (this.#longestString === Infinity) return part;
    if (this.#shortener === undefined) {
      if (this.#begun.length + part.length <= LARGE_BYTES) return part;
      this.#shortener = new StringShortener(this.#longestString);
      const begun = this.#kept(this.#shortener, this.#begun.bytes);
      this.#begun.clear();
      this.#begun.append(begun);
    }
    return this.#kept(this.#shortener, part);
  }

  #kept(shortener: StringShortener, part: Uint8Array): Uint8Array {
    const kept = shortener.push(part);
    this.#left += part.length - kept.length;
    return kept;
  }
}

/**
 * The JSON values of a newline-delimited stream, such as a watch. Blank lines are skipped. The
 * stream fails with `Truncated` when it ends within a line, with `BadAnswer` when a line is not
 * JSON; cancelling it cancels `source`. Nothing is read ahead of the reader's asking. Of a large
 * value no string has more than `longestString` bytes.
 */
export function jsonLines(
  source: ReadableStream<Uint8Array>,
  request: string,
  longestBytes?: number,
  longestString?: number,
): ReadableStream<JSONValue> {
  const reader = source.getReader();
  const splitter = new LineSplitter(longestBytes, longestString);
  return new ReadableStream<JSONValue>({
    async pull(controller) {
      try {
        await pullValues(reader, splitter, controller, request);
      } catch (error) {
        // The lines after a broken one are of no use: let go of the connection.
        await reader.cancel(error).catch(() => {});
        throw error;
      }
    },
    cancel: (reason) => reader.cancel(reason),
  }, { highWaterMark: 0 });
}

/** Reads until at least one value is there, or the end. */
async function pullValues(
  reader: ReadableStreamDefaultReader<Uint8Array>,
  splitter: LineSplitter,
  controller: ReadableStreamDefaultController<JSONValue>,
  request: string,
): Promise<void> {
  for (let found = 0; found === 0;) {
    const { done, value } = await reader.read();
    if (done) {
      if (splitter.pending > 0) throw cutWithinLine(request, splitter.pending);
      return controller.close();
    }
    splitter.push(value, (line, read) => {
      const parsed = parseLine(line, request);
      if (parsed === BLANK) return;
      controller.enqueue(measured(parsed, read));
      found++;
    });
  }
}

const BLANK = Symbol("blank line");

function parseLine(line: Uint8Array, request: string): JSONValue | typeof BLANK {
  try {
    const text = decodeUtf8(line);
    return text.trim() === "" ? BLANK : JSON.parse(text);
  } catch {
    // The parser's own message quotes the text, which may hold a Secret.
    throw new ApiError({
      code: 200,
      reason: "BadAnswer",
      message: `${request}: a line of the stream (${line.length} bytes) is not JSON`,
    });
  }
}

function cutWithinLine(request: string, pending: number): ApiError {
  return new ApiError({
    code: 200,
    reason: "Truncated",
    message: `${request}: the stream ended ${pending} bytes into a line`,
  });
}
