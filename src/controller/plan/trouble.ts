import { isBetween } from "../../runtime/time/clock.ts";
import { attemptInputs } from "./credential.ts";
import { isOccupied, type SecretSlot } from "./secret_slot.ts";
import type { Situation } from "./situation.ts";
import type { Trouble } from "./snapshot.ts";

/** Whether the namespace is known to be on its way out, so that no failure is worth a word. */
export function isEnding(trouble: Trouble | undefined, now: number): boolean {
  return trouble?.isNamespaceEnding === true && isResting(trouble, now);
}

/** Whether the next attempt is not due. */
export function isResting({ failedAt, retryAt }: Trouble, now: number): boolean {
  return isBetween(now, failedAt, retryAt);
}

/** The failure after which the next attempt is not due, unless it was made from something else. */
export function activeTrouble(situation: Situation): Trouble | undefined {
  const { trouble, now } = situation;
  if (trouble === undefined || !isResting(trouble, now)) return undefined;
  return isOfAttempt(trouble, situation) ? trouble : undefined;
}

/** Whether an attempt made in this situation would be the one that failed. */
export function isOfAttempt(trouble: Trouble, situation: Situation): boolean {
  return trouble.inputs === inputsOfAttempt(situation, trouble);
}

/** The inputs of an attempt made in this situation; see `Trouble.inputs`. */
export function inputsOfAttempt(
  { binding, wanted, slot }: Situation,
  { anySecret }: Pick<Trouble, "anySecret"> = {},
): string {
  const version = anySecret ? "any" : versionOfSecret(slot);
  if (binding.deleting || wanted.kind === "fault") {
    return `${binding.uid}/${binding.generation}/${version}`;
  }
  return attemptInputs(binding, wanted, version);
}

function versionOfSecret(slot: SecretSlot): string {
  return isOccupied(slot) ? `${slot.secret.uid}/${slot.secret.resourceVersion}` : "";
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
