export const ELLIPSIS = "...";

/** The text itself, or so much of it that it ends in `...` after `longest` UTF-16 units. */
export function cut(text: string, longest: number): string {
  return text.length <= longest ? text : `${start(text, longest - ELLIPSIS.length)}${ELLIPSIS}`;
}

/** The first `length` UTF-16 units, or one fewer where a character of two would be torn apart. */
export function start(text: string, length: number): string {
  const last = text.charCodeAt(length - 1);
  const torn = length < text.length && last >= 0xd800 && last < 0xdc00;
  return text.slice(0, torn ? length - 1 : length);
}

/** Like `cut`, by bytes of UTF-8: what the API server counts in the note of an Event. */
export function cutBytes(text: string, longest: number): string {
  const room = new Uint8Array(longest);
  const bytes = new TextEncoder();
  // encodeInto stops before a character that does not fit whole.
  if (bytes.encodeInto(text, room).read === text.length) return text;
  const { read } = bytes.encodeInto(text, room.subarray(ELLIPSIS.length));
  return text.slice(0, read) + ELLIPSIS;
}
