const BACKSLASH = 0x5c;
const PERCENT = 0x25;
const DOT = 0x2e;

/** Characters of base64, base64url and what else RFC 6750 allows in a token, but the dot. */
const ALPHABET = /[A-Za-z0-9+/_=~-]/;
const IS_ENCODED = Array.from(
  { length: 128 },
  (_, code) => ALPHABET.test(String.fromCharCode(code)),
);

/** What of the alphabet others escape: in URLs, and in JSON as .NET writes it. */
const ESCAPED = new Set(["2b", "2d", "2f", "3d", "5f"]);
const ESCAPED_BREAK = new Set(["0a", "0d"]);

/** More backslashes than JSON within JSON within JSON has. */
const MOST_BACKSLASHES = 16;
/** Tools fold base64 into lines of 64 or 76: what ends after fewer than this is not folded. */
const SHORTEST_LINE = 16;
/** A line of fewer may well be a word of the sentence that goes on after a token. */
const WORD = /^(?:[A-Z]?[a-z]{0,15}|[A-Z]{0,16})$/;
/** How far a line of folded base64 may be indented. */
const DEEPEST_INDENT = 64;
/** What stands before each line of a diff, of a block in a table or of a quotation. */
const LINE_MARKS = ["+", "-", "|", ">"];

/**
 * Where the base64 that begins at `at` ends. It goes on over what is escaped for JSON or a URL, over
 * line breaks that fold it and, with `dots`, over the dots of a JWT.
 */
export function encodedEnd(text: string, at: number, dots: boolean): number {
  let line = lineEnd(text, at, dots);
  for (let folds = 0;; folds++) {
    const next = line.length < SHORTEST_LINE ? line.end : breaksEnd(text, line.end);
    if (next === line.end) return line.end;
    const further = lineEnd(text, next, dots);
    // One line break may end a token; two of the same make folds of them.
    if (further.length === 0) return line.end;
    if (folds < 2 && WORD.test(text.slice(next, further.end))) return line.end;
    line = further;
  }
}

/** Where the base64 ends that stands at `at` without a line break, and how many characters it has. */
function lineEnd(text: string, at: number, dots: boolean): { end: number; length: number } {
  let end = at;
  let length = 0;
  for (let width = widthAt(text, end, dots); width > 0; width = widthAt(text, end, dots)) {
    end += width;
    length++;
  }
  return { end, length };
}

/** The index after the backslashes at `at`, of which no more than 16 are looked at. */
export function backslashesEnd(text: string, at: number): number {
  let end = at;
  while (text.charCodeAt(end) === BACKSLASH && end - at < MOST_BACKSLASHES) end++;
  return end;
}

/** How much of the text one character of base64 takes at `at`: 0 where there is none. */
function widthAt(text: string, at: number, dots: boolean): number {
  const code = text.charCodeAt(at);
  if (IS_ENCODED[code] || (dots && code === DOT)) return 1;
  if (code === PERCENT) return ESCAPED.has(hex(text, at + 1)) ? 3 : 0;
  if (code !== BACKSLASH) return 0;
  const after = backslashesEnd(text, at);
  if (text[after] === "/") return after + 1 - at;
  return text.startsWith("u00", after) && ESCAPED.has(hex(text, after + 3)) ? after + 5 - at : 0;
}

/**
 * The index after the line breaks at `at`, escaped ones too, and after the indent that follows, with
 * the mark that a diff or a quotation puts before each line.
 */
function breaksEnd(text: string, at: number): number {
  let end = at;
  for (let next = breakEnd(text, end); next > end; next = breakEnd(text, end)) end = next;
  if (end === at) return at;
  const mark = indentEnd(text, end);
  if (!LINE_MARKS.includes(text[mark] ?? " ")) return mark;
  const after = indentEnd(text, mark + 1);
  return after > mark + 1 || text[mark] === "|" ? after : mark;
}

function indentEnd(text: string, at: number): number {
  let end = at;
  const deepest = end + DEEPEST_INDENT;
  while (end < deepest && (text[end] === " " || text[end] === "\t")) end++;
  return end;
}

function breakEnd(text: string, at: number): number {
  const char = text[at];
  if (char === "\n" || char === "\r") return at + 1;
  if (char === "%") return ESCAPED_BREAK.has(hex(text, at + 1)) ? at + 3 : at;
  if (char !== "\\") return at;
  const after = backslashesEnd(text, at);
  return "nr\n\r".includes(text[after] ?? " ") ? after + 1 : at;
}

function hex(text: string, at: number): string {
  return text.slice(at, at + 2).toLowerCase();
}
