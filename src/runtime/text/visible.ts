// Control characters move a terminal's cursor, line separators forge lines, and bidirectional
// overrides make a line read as something else.
const UNSAFE = /[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]/gu;

/** The text with each character that would not be seen as itself escaped as JSON does. */
export function visible(text: string): string {
  if (text.search(UNSAFE) < 0) return text;
  return text.replace(UNSAFE, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`);
}
