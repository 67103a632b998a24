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

const REQUEST_LINE = /^([!#$%&'*+.^`|~\w-]+) ([!-~]+) HTTP\/1\.([01])$/;
const HEADER_LINE = /^([!#$%&'*+.^`|~\w-]+):[ \t]*(.*?)[ \t]*$/;

/**
 * Reads the head of an HTTP/1.1 request (RFC 9112) of at most 16 KiB. Undefined when the client goes
 * without one. What follows it, such as a body, stays unread. Throws a `RequestError`.
 */
export async function readRequest(stream: ByteStream): Promise<Request | undefined> {
  let text = "";
  for (;;) {
    const chunk = await stream.read();
    if (chunk === null) return undefined;
    // An ISO 8859-1 character for each byte, so that the length is that of the bytes.
    text += String.fromCharCode(...chunk);
    const end = text.indexOf("\r\n\r\n");
    if (end > MOST_HEAD_BYTES || end < 0 && text.length > MOST_HEAD_BYTES) {
      throw new RequestError(431, "The request's headers are longer than 16 KiB.");
    }
    if (end >= 0) return parseRequest(text.slice(0, end));
  }
}

/** The request that a head without its empty line tells of. Throws a `RequestError`. */
export function parseRequest(head: string): Request {
  // RFC 9112, section 2.2: an empty line before the request is to be overlooked.
  const [first = "", ...lines] = head.replace(/^(\r\n)+/, "").split("\r\n");
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

function parseHeaders(lines: readonly string[]): Headers {
  const headers = new Headers();
  for (const line of lines) {
    const [, name, value] = HEADER_LINE.exec(line) ?? [];
    try {
      if (name === undefined || value === undefined) throw malformed("header line");
      headers.append(name, value);
    } catch {
      throw malformed("header line");
    }
  }
  return headers;
}

function malformed(what: string): RequestError {
  return new RequestError(400, `The request's ${what} cannot be read.`);
}
