/** What RE2 lacks: looking around, and what a group has matched. */
const LACKING = /\(\?<?[=!]|\\[1-9k]/;

/**
 * A pattern of the code's as Helm's `regexMatch` reads it, by Go's RE2 (https://golang.org/s/re2syntax).
 * Throws a TypeError for what RE2 lacks.
 */
export function re2({ source, flags }: RegExp): string {
  if (LACKING.test(source)) throw new TypeError(`RE2 cannot read ${source}`);
  const text = source
    .replaceAll("\\/", "/")
    // RE2's own is of ASCII alone. This one holds some more than JavaScript's, and none less but U+FEFF.
    .replaceAll("\\s", "\\p{Z}\\t-\\r")
    .replace(/\\u([0-9a-f]{4})/gi, "\\x{$1}");
  return flags.includes("i") ? `(?i)${text}` : text;
}

/** The same without its anchors, to be a part of another. Throws a TypeError where it has none. */
export function within(pattern: RegExp): string {
  const text = re2(pattern);
  if (!text.startsWith("^") || !text.endsWith("$")) {
    throw new TypeError(`${text} does not stand for a whole text`);
  }
  return text.slice(1, -1);
}
