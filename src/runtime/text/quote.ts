import { cut } from "./cut.ts";
import { visible } from "./visible.ts";

/** In UTF-16 units, as shown. */
const LONGEST_QUOTED = 120;

/**
 * A value from outside as an error message shows it: in quotes, escaped, and cut when very long.
 * `longest` is for values that may well be longer than most.
 */
export function quote(value: string, longest: number = LONGEST_QUOTED): string {
  let shown = "";
  // A value may be as large as an object: no more of it is looked at than is shown.
  for (const character of value) {
    const escaped = visible(JSON.stringify(character).slice(1, -1));
    if (shown.length + escaped.length > longest) return `"${shown}..."`;
    shown += escaped;
  }
  return `"${shown}"`;
}

/** Values from the operator's own settings as a message lists them, and how many are left out. */
export function list(values: readonly string[], most = 8): string {
  const shown = values.slice(0, most).map((value) => cut(value, LONGEST_QUOTED));
  const left = values.length - shown.length;
  return [...shown, ...(left > 0 ? [`${left} more`] : [])].join(", ");
}
