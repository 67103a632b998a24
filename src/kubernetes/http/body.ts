import { ByteBuffer } from "../../runtime/text/bytes.ts";
import { ChunkReader } from "../../runtime/text/chunk_reader.ts";
import { decodeUtf8 } from "../../runtime/text/utf8.ts";
import type { JSONValue } from "./contract.ts";
import { ApiError, reasonOfCode } from "./errors.ts";
import { LONGEST_OBJECT_BYTES } from "./longest_object.ts";
import { parseRetryAfter } from "../../runtime/time/retry_after.ts";
import { LARGE_BYTES, measured } from "./measured.ts";
import { isFailureStatus } from "./status.ts";
import { StringShortener } from "./string_shortener.ts";

/** What is kept of a Status of failure, which has a few hundred bytes, and of each of its strings. */
const LARGEST_STATUS = 64 * 1024;
/** Policy engines write some kilobytes into one message, and may name the policy at its end. */
const LONGEST_STRING = 8 * 1024;

/**
 * A whole body, of one object. Rejects with `Truncated` when the connection ends early or the length
 * is not the one announced, and with `BadAnswer` when it is longer than any object.
 */
export async function readBody(response: Response, request: string): Promise<Uint8Array> {
  return (await readWhole(response, request)).bytes;
}

/** As much of a body as is kept, and the bytes that were read for it. */
interface Body {
  readonly bytes: Uint8Array;
  readonly read: number;
}

async function readWhole(
  response: Response,
  request: string,
  longestString = Infinity,
): Promise<Body> {
  const announced = announcedLength(response);
  let body: Body;
  try {
    body = await readPieces(response, announced, longestString);
  } catch (error) {
    throw truncated(response, request, "the connection broke off within the body", error);
  }
  if (body.read > LONGEST_OBJECT_BYTES) throw tooLong(response, request);
  if (announced !== undefined && announced !== body.read) {
    const what = `the body has ${body.read} of ${announced} bytes`;
    throw truncated(response, request, what);
  }
  return body;
}

/** In one piece where that is known to be small: it costs half as much. */
async function readPieces(
  response: Response,
  announced: number | undefined,
  longestString: number,
): Promise<Body> {
  const isCut = longestString !== Infinity;
  const longest = isCut ? LARGE_BYTES : LONGEST_OBJECT_BYTES;
  if (announced !== undefined && announced <= longest) {
    const bytes = await response.bytes();
    return { bytes, read: bytes.length };
  }
  const shortener = isCut ? new StringShortener(longestString) : undefined;
  return await readAtMost(response, LONGEST_OBJECT_BYTES, shortener, LARGE_BYTES);
}

/**
 * A whole body as JSON, of which no string has more than `longestString` bytes, if it is large.
 * Rejects with `Truncated` or `BadAnswer`; the text is never quoted.
 */
export async function readJson(
  response: Response,
  request: string,
  longestString?: number,
): Promise<JSONValue> {
  const { bytes, read } = await readWhole(response, request, longestString);
  const value = parseJson(bytes);
  if (value !== undefined) return measured(value, read);
  // Only HTTP/1.0-style bodies have no end of their own; there a cut is seen by the text alone.
  const open = bytes[0] === 0x7b || bytes[0] === 0x5b;
  if (open && announcedLength(response) === undefined) {
    throw truncated(response, request, `the JSON ends after ${bytes.length} bytes`);
  }
  throw new ApiError({
    code: response.status,
    reason: "BadAnswer",
    message:
      `${request}: ${response.status} with a body that is not JSON (${describe(response)}, ` +
      `${bytes.length} bytes): something else than the API server may have answered`,
  });
}

/** The error that an answer with a failing HTTP status stands for. Consumes or cancels the body. */
export async function errorOf(
  response: Response,
  request: string,
  nowMs: number,
): Promise<ApiError> {
  const retryAfterMs = parseRetryAfter(response.headers.get("retry-after"), nowMs);
  const status = await readStatus(response);
  if (status !== undefined) {
    return ApiError.fromStatus(status, { request, httpCode: response.status, retryAfterMs });
  }
  return new ApiError({
    code: response.status,
    reason: reasonOfCode(response.status),
    message: `${request}: ${response.status} ${response.statusText}`.trimEnd() +
      ` without a Kubernetes Status (${describe(response)})`,
    retryAfterMs,
  });
}

/** A failure of the wire after the answer's headers. */
export function truncated(
  response: Response,
  request: string,
  what: string,
  cause?: unknown,
): ApiError {
  return new ApiError({
    code: response.status,
    reason: "Truncated",
    message: `${request}: ${what}`,
    cause,
  });
}

/**
 * The body as a failing Status, or `undefined` for any other body. Its strings are cut: a message may
 * repeat a whole object, and what follows it must be read all the same.
 */
async function readStatus(response: Response): Promise<JSONValue | undefined> {
  if (!/[/+]json\b/i.test(response.headers.get("content-type") ?? "")) {
    await response.body?.cancel();
    return undefined;
  }
  const shortener = new StringShortener(LONGEST_STRING);
  try {
    const { bytes } = await readAtMost(response, LARGEST_STATUS, shortener);
    const value = parseJson(bytes);
    return isFailureStatus(value) ? value : undefined;
  } catch {
    // The HTTP status is the failure to report; the body was only to explain it.
    return undefined;
  }
}

/**
 * A body, or somewhat more than its first `limit` bytes: the rest is cancelled. With a shortener it
 * is what that leaves, of no more than what one object may have. Bodies of up to `whole` bytes are
 * left as they are, since a look at each byte costs more than all else. Rejects when the body breaks
 * off.
 */
async function readAtMost(
  response: Response,
  limit: number,
  shortener?: StringShortener,
  whole = 0,
): Promise<Body> {
  if (response.body === null) return { bytes: new Uint8Array(), read: 0 };
  const reader = new ChunkReader(response.body);
  const kept = new ByteBuffer();
  let read = 0;
  let shortening: StringShortener | undefined;
  for (let chunk; (chunk = await reader.read()) !== undefined;) {
    if (shortening === undefined && shortener !== undefined && read + chunk.length > whole) {
      shortening = shortener;
      const begun = shortening.push(kept.bytes);
      kept.clear();
      kept.append(begun);
    }
    kept.append(shortening?.push(chunk) ?? chunk);
    read += chunk.length;
    if (kept.length <= limit && read <= LONGEST_OBJECT_BYTES) continue;
    await reader.cancel();
    break;
  }
  return { bytes: kept.bytes, read };
}

function tooLong(response: Response, request: string): ApiError {
  return new ApiError({
    code: response.status,
    reason: "BadAnswer",
    message:
      `${request}: the body has more than ${LONGEST_OBJECT_BYTES} bytes, which no object has`,
  });
}

function parseJson(bytes: Uint8Array): JSONValue | undefined {
  try {
    return JSON.parse(decodeUtf8(bytes));
  } catch {
    return undefined;
  }
}

/** Content-Length, where it counts the bytes that we read. */
function announcedLength(response: Response): number | undefined {
  const value = response.headers.get("content-length");
  if (value === null || response.headers.has("content-encoding")) return undefined;
  return Number(value);
}

function describe(response: Response): string {
  const type = response.headers.get("content-type")?.slice(0, 60);
  return type ? `content type ${type}` : "no content type";
}
