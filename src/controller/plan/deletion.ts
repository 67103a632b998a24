import { optional } from "../../runtime/optional.ts";
import { FINALIZER } from "../conventions.ts";
import type { Action, Plan } from "./actions.ts";
import { holding, isHeld, lookAgainAt } from "./held_secret.ts";
import { referencedNames, removeReferences } from "./references.ts";
import { extraneousSecrets, type SecretSlot, secretSlot } from "./secret_slot.ts";
import type { SecretState, Snapshot, Trouble } from "./snapshot.ts";
import { tell } from "./status.ts";

/**
 * Takes back everything that was made for a binding, then lets it go. Where that is refused, or a
 * Secret stays, the status says so as long as it lasts.
 */
export function planDeletion(
  snapshot: Snapshot,
  resting: Trouble | undefined,
  now: number,
): Plan {
  const { binding } = snapshot;
  if (!binding.finalizers.includes(FINALIZER)) return { actions: [] };
  if (resting !== undefined) {
    const { reason, message, retryAt } = resting;
    return { actions: heldUp(snapshot, reason, message, now), wakeAt: retryAt };
  }
  const slot = secretSlot(snapshot);
  if (slot.kind === "unknown") {
    return { actions: [{ kind: "inspectSecret", name: binding.secretName }] };
  }
  return planRemoval(snapshot, slot, now);
}

function planRemoval(snapshot: Snapshot, slot: SecretSlot, now: number): Plan {
  const secrets = [...extraneousSecrets(snapshot)];
  if (slot.kind === "ours" || slot.kind === "stale") secrets.unshift(slot.secret);
  const first = [
    ...removeReferences(snapshot, referencedNames(snapshot, slot), () => true),
    ...secrets.filter((secret) => !isHeld(secret)).map(deletionOf),
  ];
  const held = secrets.find(isHeld);
  if (held === undefined) return { actions: [...first, { kind: "removeFinalizer" }] };
  if (first.length > 0) return { actions: first };
  return {
    actions: heldUp(snapshot, "SecretTerminating", holding(held), now),
    ...optional("wakeAt", lookAgainAt(held, now)),
  };
}

function deletionOf(secret: SecretState): Action {
  return { kind: "deleteSecret", secret, reason: "the binding is being deleted" };
}

/** Pods can no longer count on what is being taken back, whatever is still there of it. */
function heldUp(
  snapshot: Snapshot,
  reason: string,
  why: string,
  now: number,
): readonly Action[] {
  const message = `The binding is being deleted, which is held up. ${why}`;
  return tell(snapshot, { ready: false, reason, message, error: message }, now);
}
