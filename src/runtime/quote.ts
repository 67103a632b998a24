import { cut } from "./cut.ts";

/** In UTF-16 units, before the value is escaped. */
const LONGEST_QUOTED = 120;

/** A value from outside as an error message shows it: in quotes, escaped, and cut when very long. */
export function quote(value: string): string {
  return JSON.stringify(cut(value, LONGEST_QUOTED + "...".length));
}
