import { cut } from "../../runtime/text/cut.ts";
import { shareText } from "../../runtime/text/shared_text.ts";

/**
 * Longer than any time, hash or ID, in UTF-16 units. One that is longer is kept cut, which leaves it
 * as wrong as it was.
 */
const LONGEST = 320;

/** What is kept of a label or an annotation. */
export function kept(value: string | undefined): string | undefined {
  return value === undefined ? undefined : shareText(cut(value, LONGEST));
}
