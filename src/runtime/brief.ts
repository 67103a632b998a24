import { cutMiddle, ELLIPSIS, endBytes } from "./cut.ts";
import { maskSecrets } from "./mask.ts";

/**
 * How much is told of what went wrong: all that a person reads, its reason and its end, where the
 * remedy stands, or the reason alone.
 */
export type Brevity = "whole" | "short" | "reason";

/** In bytes of UTF-8. Far less than any CRD of the project admits, and more than any sentence of it. */
export const LONGEST_WHOLE = 4096;
export const LONGEST_SHORT = 256;

/** What to try where the API server refused a message of this brevity; undefined after the least. */
export function shorter(brevity: Brevity): Brevity | undefined {
  return brevity === "whole" ? "short" : brevity === "short" ? "reason" : undefined;
}

/** A message of one line, without credentials, and no longer than `brevity` says. */
export function brief(message: string, reason: string, brevity: Brevity): string {
  const told = maskSecrets(message);
  if (brevity === "reason") return reason;
  if (brevity === "whole") return cutMiddle(told, LONGEST_WHOLE);
  if (new TextEncoder().encode(told).length <= LONGEST_SHORT) return told;
  const lead = `${reason}: ${ELLIPSIS}`;
  return lead + endBytes(told, LONGEST_SHORT - lead.length);
}
