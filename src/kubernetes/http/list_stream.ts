import type { Breather } from "../../runtime/time/breather.ts";
import { decodeUtf8 } from "../../runtime/text/utf8.ts";
import type { JSONValue } from "./contract.ts";
import { ApiError } from "./errors.ts";
import { ListSplitter, type Scratch } from "./list_splitter.ts";
import { LONGEST_OBJECT_BYTES } from "./longest_object.ts";
import { measured } from "./measured.ts";

/** What was read of a list beside its objects. */
export interface ListAnswer {
  /** The list, whose `items` hold nothing that was handed over. */
  readonly list: JSONValue;
  readonly bytes: number;
}

/**
 * Reads a list and hands over its objects one by one, as they come: neither its text nor its objects
 * are ever in memory as a whole. Rejects with an ApiError of reason `Truncated` when it ends early,
 * of `BadAnswer` when it is not JSON (the text is never quoted), and with what `each` throws; `source`
 * is then cancelled. Of a large object no string has more than `longestString` bytes.
 */
export async function readList(
  source: ReadableStream<Uint8Array>,
  request: string,
  each: (item: JSONValue) => void,
  scratch: Scratch,
  breather?: Breather,
  longestString?: number,
): Promise<ListAnswer> {
  const splitter = new ListSplitter(
    (bytes, read) => each(measured(parse(bytes, request), read)),
    scratch.take(),
    LONGEST_OBJECT_BYTES,
    longestString,
  );
  let bytes = 0;
  // Leaving the loop by a throw cancels the stream.
  for await (const chunk of source) {
    // Many chunks may be there already, with dozens of objects each.
    if (breather?.isDue) await breather.pause();
    bytes += chunk.length;
    splitter.push(chunk);
  }
  const around = splitter.around();
  scratch.give(splitter.buffer);
  if (!splitter.ended && around[0] === OPEN_BRACE) throw cut(request, bytes);
  return { list: parse(around, request), bytes };
}

const OPEN_BRACE = 0x7b;

function parse(bytes: Uint8Array, request: string): JSONValue {
  try {
    return JSON.parse(decodeUtf8(bytes));
  } catch {
    // The parser's own message quotes the text, which may hold a Secret.
    throw new ApiError({
      code: 200,
      reason: "BadAnswer",
      message: `${request}: 200 with a body that is not JSON (a part of ${bytes.length} bytes): ` +
        "something else than the API server may have answered",
    });
  }
}

function cut(request: string, bytes: number): ApiError {
  return new ApiError({
    code: 200,
    reason: "Truncated",
    message: `${request}: the list ends after ${bytes} bytes`,
  });
}
