import { isBetween } from "../../runtime/time/clock.ts";
import { attemptInputs, wantedCredential } from "./credential.ts";
import { secretSlot } from "./secret_slot.ts";
import type { Snapshot, Trouble } from "./snapshot.ts";

/** Whether the namespace is known to be on its way out, so that no failure is worth a word. */
export function isEnding(trouble: Trouble | undefined, now: number): boolean {
  return trouble?.isNamespaceEnding === true && isResting(trouble, now);
}

/** Whether the next attempt is not due. */
export function isResting({ failedAt, retryAt }: Trouble, now: number): boolean {
  return isBetween(now, failedAt, retryAt);
}

/** The failure after which the next attempt is not due, unless it was made from something else. */
export function activeTrouble(snapshot: Snapshot, now: number): Trouble | undefined {
  const { trouble } = snapshot;
  if (trouble === undefined || !isResting(trouble, now)) return undefined;
  return isOfAttempt(trouble, snapshot) ? trouble : undefined;
}

/** Whether an attempt made from this snapshot would be the one that failed. */
export function isOfAttempt(trouble: Trouble, snapshot: Snapshot): boolean {
  return trouble.inputs === inputsOfAttempt(snapshot, trouble);
}

/** The inputs of an attempt made from this snapshot; see `Trouble.inputs`. */
export function inputsOfAttempt(
  snapshot: Snapshot,
  { anySecret }: Pick<Trouble, "anySecret"> = {},
): string {
  const { binding } = snapshot;
  const wanted = wantedCredential(snapshot);
  const version = anySecret ? "any" : versionOfSecret(snapshot);
  if (binding.deleting || "reason" in wanted) {
    return `${binding.uid}/${binding.generation}/${version}`;
  }
  return attemptInputs(binding, wanted, version);
}

function versionOfSecret(snapshot: Snapshot): string {
  const slot = secretSlot(snapshot);
  return "secret" in slot ? `${slot.secret.uid}/${slot.secret.resourceVersion}` : "";
}

/**
 * Whether pods cannot count on the credential although it is there and attached at this moment:
 * somebody keeps taking back what makes it so.
 */
export function isUnreliable({ isUndone, action }: Trouble): boolean {
  return isUndone === true && (action === "mint" || action === "addReference");
}

/** Whether somebody keeps taking away what tells of the Secret, its label perhaps. */
export function isOfLabel({ isUndone, action }: Trouble): boolean {
  return isUndone === true && action === "adoptSecret";
}
