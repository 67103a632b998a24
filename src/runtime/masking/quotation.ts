import { backslashesEnd } from "./encoded.ts";

/** Quotation marks as they are, as .NET escapes them in JSON, and as URLs and HTML do. */
const MARKS = ['"', "'", "u0022", "u0027", "%22", "%27", "&#34;", "&#39;", "&quot;"];

/** An opening quotation mark. JSON within JSON puts backslashes before it. */
export interface Quotation {
  readonly mark: string;
  readonly backslashes: number;
  /** The index after the mark. */
  readonly end: number;
}

/** The quotation mark at `at`, if there is one. */
export function quotationAt(text: string, at: number): Quotation | undefined {
  const begin = backslashesEnd(text, at);
  const backslashes = begin - at;
  const mark = MARKS.find((each) => text.startsWith(each, begin));
  if (mark === undefined || (mark.startsWith("u") && backslashes === 0)) return undefined;
  return { mark, backslashes, end: begin + mark.length };
}

/** Whether a quotation mark stands right before `at`. */
export function endsInMark(text: string, at: number): boolean {
  return MARKS.some((mark) => text.startsWith(mark, at - mark.length));
}

/**
 * The index of what closes a quotation, its backslashes included, or the end of the text. A mark
 * with more backslashes than the opening one belongs to the value.
 */
export function quotationEnd(text: string, { mark, backslashes, end }: Quotation): number {
  for (let at = text.indexOf(mark, end); at >= 0; at = text.indexOf(mark, at + mark.length)) {
    const before = backslashesBefore(text, at, end);
    if (backslashes === 0 ? before % 2 === 0 : before <= backslashes) {
      return backslashes === 0 ? at : at - before;
    }
  }
  return text.length;
}

function backslashesBefore(text: string, at: number, from: number): number {
  let first = at;
  while (first > from && text[first - 1] === "\\") first--;
  return at - first;
}

/** The index of what follows blanks and line breaks. */
export function blanksEnd(text: string, at: number): number {
  let end = at;
  while (end < text.length && " \t\r\n".includes(text[end]!)) end++;
  return end;
}
