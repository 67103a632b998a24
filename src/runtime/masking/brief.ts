import { cutMiddle, ELLIPSIS, endBytes } from "../text/cut.ts";
import { maskSecrets } from "./mask.ts";

/**
 * How much is told of what went wrong: all that a person reads, its reason and its end, where the
 * remedy stands, or the reason alone.
 */
export type Brevity = "whole" | "short" | "reason";

/** In bytes of UTF-8. Far less than any CRD of the project admits, and more than any sentence of it. */
export const LONGEST_WHOLE = 4096;
export const LONGEST_SHORT = 256;

/** A message of fewer bytes is not refused for its length. */
const SHORTEST_REFUSED = 128;

/** What to try where the API server refused this message; undefined where it cannot be too long. */
export function shorterThan(message: string): Brevity | undefined {
  const size = sizeOf(message);
  if (size > LONGEST_SHORT) return "short";
  return size > SHORTEST_REFUSED ? "reason" : undefined;
}

/** A message of one line, without credentials, and no longer than `brevity` says. */
export function brief(message: string, reason: string, brevity: Brevity): string {
  const told = maskSecrets(message);
  if (brevity === "reason") return reason;
  if (brevity === "whole") return cutMiddle(told, LONGEST_WHOLE);
  if (sizeOf(told) <= LONGEST_SHORT) return told;
  const lead = `${reason}: ${ELLIPSIS}`;
  return lead + endBytes(told, LONGEST_SHORT - lead.length);
}

function sizeOf(text: string): number {
  return new TextEncoder().encode(text).length;
}
