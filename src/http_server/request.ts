import { trimEnd, trimStart } from "../runtime/text/trim.ts";
import type { ByteStream } from "./byte_stream.ts";

/** A request that cannot be read; `status` says what its client is told. */
export class RequestError extends Error {
  override readonly name = "RequestError";

  constructor(readonly status: 400 | 431, message: string) {
    super(message);
  }
}

/** A bearer token with many groups takes some kilobytes. */
const MOST_HEAD_BYTES = 16 * 1024;
/** Each header that is added to others is compared with all of them. */
const MOST_HEADERS = 100;

const END_OF_HEAD = [0x0d, 0x0a, 0x0d, 0x0a];
const LINE_END = "\r\n";

const REQUEST_LINE = /^([!#$%&'*+.^`|~\w-]+) ([!-~]+) HTTP\/1\.([01])$/;
/** RFC 9110, section 5.1: the name of a field is a token. */
const FIELD_NAME = /^[!#$%&'*+.^`|~\w-]+$/;
/** Optional white space of RFC 9110, section 5.6.3. */
const BLANKS = " \t";

/**
 * Reads the head of an HTTP/1.1 request (RFC 9112) of at most 16 KiB. Undefined when the client goes
 * without one. What follows it, such as a body, stays unread. Throws a `RequestError`.
 */
export async function readRequest(stream: ByteStream): Promise<Request | undefined> {
  const head = new Head();
  for (;;) {
    const chunk = await stream.read();
    if (chunk === null) return undefined;
    const text = head.add(chunk);
    if (text !== undefined) return parseRequest(text);
  }
}

/** Collects bytes up to the empty line that ends a head. Looks at each of them once. */
class Head {
  #text = "";
  /** How many bytes of the end have come in a row. */
  #matched = 0;

  /** The head without its end, once that is there. Throws a `RequestError` where it is too long. */
  add(chunk: Uint8Array): string | undefined {
    // One more than a head may have tells that it is too long.
    const room = MOST_HEAD_BYTES + END_OF_HEAD.length + 1 - this.#text.length;
    const bytes = chunk.subarray(0, room);
    const end = this.#endIn(bytes);
    // An ISO 8859-1 character for each byte, so that the length is that of the bytes.
    this.#text += String.fromCharCode(...bytes.subarray(0, end ?? bytes.length));
    const length = this.#text.length - (end === undefined ? 0 : END_OF_HEAD.length);
    if (length > MOST_HEAD_BYTES) {
      throw new RequestError(431, "The request's headers are longer than 16 KiB.");
    }
    return end === undefined ? undefined : this.#text.slice(0, length);
  }

  /** The index after the end of the head, where it is in these bytes. */
  #endIn(bytes: Uint8Array): number | undefined {
    for (let index = 0; index < bytes.length; index++) {
      const byte = bytes[index]!;
      // No part of the end repeats its beginning but a carriage return.
      const begins = byte === END_OF_HEAD[0] ? 1 : 0;
      this.#matched = byte === END_OF_HEAD[this.#matched] ? this.#matched + 1 : begins;
      if (this.#matched === END_OF_HEAD.length) return index + 1;
    }
    return undefined;
  }
}

/** The request that a head without its empty line tells of. Throws a `RequestError`. */
export function parseRequest(head: string): Request {
  const [first = "", ...lines] = withoutEmptyLines(head).split(LINE_END);
  const [, method, target, minor] = REQUEST_LINE.exec(first) ?? [];
  if (method === undefined || target === undefined) throw malformed("request line");
  const headers = parseHeaders(lines);
  const host = headers.get("host");
  if (minor === "1" && host === null || host?.includes(",")) throw malformed("Host header");
  // The path alone is of interest; a host of the client's invention could make it unreadable.
  const url = URL.parse(target, "http://localhost");
  if (url === null) throw malformed("target");
  try {
    return new Request(url, { method, headers });
  } catch {
    // CONNECT, TRACE and their like, which no Request has.
    throw malformed("method");
  }
}

/** RFC 9112, section 2.2: an empty line before the request is to be overlooked. */
function withoutEmptyLines(head: string): string {
  let from = 0;
  while (head.startsWith(LINE_END, from)) from += LINE_END.length;
  return head.slice(from);
}

function parseHeaders(lines: readonly string[]): Headers {
  if (lines.length > MOST_HEADERS) {
    throw new RequestError(431, `The request has more than ${MOST_HEADERS} headers.`);
  }
  const headers = new Headers();
  for (const line of lines) {
    const colon = line.indexOf(":");
    const name = line.slice(0, Math.max(0, colon));
    // Headers would overlook a line end within a line as it does the blanks around a value.
    if (!FIELD_NAME.test(name) || /[\r\n]/.test(line)) throw malformed("header line");
    try {
      headers.append(name, trimStart(trimEnd(line.slice(colon + 1), BLANKS), BLANKS));
    } catch {
      throw malformed("header line");
    }
  }
  return headers;
}

function malformed(what: string): RequestError {
  return new RequestError(400, `The request's ${what} cannot be read.`);
}
