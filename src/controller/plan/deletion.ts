import { optional } from "../../runtime/optional.ts";
import { FINALIZER } from "../conventions.ts";
import type { Action, Plan } from "./actions.ts";
import { holding, isHeld, lookAgainAt } from "./held_secret.ts";
import { referencedNames, removeReferences } from "./references.ts";
import type { Situation } from "./situation.ts";
import type { SecretState } from "./snapshot.ts";
import { tell } from "./status.ts";

/**
 * Takes back everything that was made for a binding, then lets it go. Where that is refused, or a
 * Secret stays, the status says so as long as it lasts.
 */
export function planDeletion(situation: Situation): Plan {
  const { binding, slot, resting } = situation;
  if (!binding.finalizers.includes(FINALIZER)) return { actions: [] };
  if (resting !== undefined) {
    const { reason, message, retryAt } = resting;
    return { actions: heldUp(situation, reason, message), wakeAt: retryAt };
  }
  return slot.kind === "unknown"
    ? { actions: [{ kind: "inspectSecret", name: binding.secretName }] }
    : planRemoval(situation);
}

function planRemoval(situation: Situation): Plan {
  const { slot, extraneous, now } = situation;
  const secrets = slot.kind === "ours" || slot.kind === "stale"
    ? [slot.secret, ...extraneous]
    : extraneous;
  const first = [
    ...removeReferences(situation, referencedNames(situation), () => true),
    ...secrets.filter((secret) => !isHeld(secret)).map(deletionOf),
  ];
  const held = secrets.find(isHeld);
  if (held === undefined) return { actions: [...first, { kind: "removeFinalizer" }] };
  if (first.length > 0) return { actions: first };
  return {
    actions: heldUp(situation, "SecretTerminating", holding(held)),
    ...optional("wakeAt", lookAgainAt(held, now)),
  };
}

function deletionOf(secret: SecretState): Action {
  return { kind: "deleteSecret", secret, reason: "the binding is being deleted" };
}

/** Pods can no longer count on what is being taken back, whatever is still there of it. */
function heldUp(situation: Situation, reason: string, why: string): readonly Action[] {
  const message = `The binding is being deleted, which is held up. ${why}`;
  return tell(situation, { ready: false, reason, message, error: message });
}
