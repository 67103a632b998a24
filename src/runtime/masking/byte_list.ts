import { backslashesEnd } from "./encoded.ts";

/** As many numbers of a byte in a row are text of somebody, and no list of a message. */
const FEWEST_BYTES = 16;
/** The blanks between two numbers that are looked at: a line break and an indent. */
const MOST_BLANKS = 64;

/** A list of bytes begins with a bracket, then, perhaps on the next line, a number. */
export const BYTE_LIST = String
  .raw`[\[{(](?:\s|\\{1,4}[nrt]){0,64}(?:0x[0-9a-fA-F]{1,2}|[0-9]{1,3})(?=[\s,\\])`;

/**
 * The index after a list of bytes as Go, Rust, Python and JSON print them, whose first number ends
 * at `after`; undefined where it has fewer than 16.
 */
export function byteListEnd(text: string, after: number): number | undefined {
  let end = after;
  let count = 1;
  for (;;) {
    const number = gapEnd(text, end);
    const next = number === end ? number : byteEnd(text, number);
    if (next === number) return count < FEWEST_BYTES ? undefined : end;
    end = next;
    count++;
  }
}

/** After the comma, blanks and line breaks at `at`, escaped ones too. */
function gapEnd(text: string, at: number): number {
  let end = at;
  for (let blanks = 0; blanks < MOST_BLANKS; blanks++) {
    const next = blankEnd(text, end);
    if (next === end) break;
    end = next;
  }
  return end;
}

function blankEnd(text: string, at: number): number {
  const char = text[at] ?? "x";
  if (" ,\t\r\n".includes(char)) return at + 1;
  if (char !== "\\") return at;
  const after = backslashesEnd(text, at);
  return "nrt".includes(text[after] ?? "x") ? after + 1 : at;
}

function byteEnd(text: string, at: number): number {
  const number = /^(?:0x[0-9a-fA-F]{1,2}|[0-9]{1,3})(?![0-9a-zA-Z.])/.exec(text.slice(at, at + 5));
  return number === null || Number(number[0]) > 0xff ? at : at + number[0].length;
}
