import { quote } from "../../runtime/text/quote.ts";
import type { SecretState } from "./snapshot.ts";

/** As soon as whatever else may heal without a change that the caches tell of. */
const HELD_SECRET_MS = 5 * 60_000;

/** Of finalizers, of which an object may have any number. */
const MOST_TOLD = 3;

/** Whether a Secret has been deleted, and is there only until its finalizers are gone. */
export function isHeld({ heldBy }: SecretState): boolean {
  return heldBy !== undefined;
}

/** Who holds a Secret that has been deleted, as a sentence with its remedy. */
export function holding({ name, heldBy = [] }: SecretState): string {
  const finalizers = heldBy.slice(0, MOST_TOLD).map((name) => quote(name)).join(", ");
  return heldBy.length === 0
    ? `Secret ${quote(name)} is being deleted.`
    : `Secret ${quote(name)} is being deleted, but held by finalizer ${finalizers}; have whoever ` +
      "set that remove it.";
}

/** One without the label is in no cache: that it has gone is seen only by looking again. */
export function lookAgainAt({ label }: SecretState, now: number): number | undefined {
  return label === undefined ? now + HELD_SECRET_MS : undefined;
}
