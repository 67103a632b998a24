export const ELLIPSIS = "...";

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** The text itself, or so much of it that it ends in `...` after `longest` UTF-16 units. */
export function cut(text: string, longest: number): string {
  return text.length <= longest ? text : start(text, longest - ELLIPSIS.length) + ELLIPSIS;
}

/** The first `length` UTF-16 units, or one fewer where a character of two would be torn apart. */
export function start(text: string, length: number): string {
  if (text.length <= length) return text;
  const last = text.charCodeAt(length - 1);
  const torn = last >= 0xd800 && last < 0xdc00;
  return copied(text.slice(0, torn ? length - 1 : length));
}

/** The same text in memory of its own: V8 keeps a whole text alive for any part of it. */
export function copied(text: string): string {
  return JSON.parse(JSON.stringify(text));
}

/** Like `cut`, by bytes of UTF-8: what the API server counts in the message of an Event. */
export function cutBytes(text: string, longest: number): string {
  return fits(text, longest) ? text : startBytes(text, longest - ELLIPSIS.length) + ELLIPSIS;
}

/**
 * Like `cutBytes`, but what is left out is in the middle: a message begins with what went wrong, and
 * ends with what to do about it.
 */
export function cutMiddle(text: string, longest: number): string {
  if (fits(text, longest)) return text;
  const room = longest - ELLIPSIS.length;
  const head = startBytes(text, Math.floor(room / 2));
  return head + ELLIPSIS + endBytes(text, Math.ceil(room / 2));
}

/** The last `length` bytes, or a few fewer where a character would be torn apart. */
export function endBytes(text: string, length: number): string {
  // A character has a byte at least, and at most three for each of its UTF-16 units.
  const bytes = encoder.encode(text.slice(-length));
  let from = Math.max(0, bytes.length - length);
  while (isContinuation(bytes[from])) from++;
  return decoder.decode(bytes.subarray(from));
}

function fits(text: string, longest: number): boolean {
  if (text.length > longest) return false;
  return encoder.encodeInto(text, new Uint8Array(longest)).read === text.length;
}

function startBytes(text: string, length: number): string {
  // encodeInto stops before a character that does not fit whole.
  return copied(text.slice(0, encoder.encodeInto(text, new Uint8Array(length)).read));
}

function isContinuation(byte: number | undefined): boolean {
  return byte !== undefined && (byte & 0xc0) === 0x80;
}
