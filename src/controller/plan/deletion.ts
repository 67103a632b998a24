import { FINALIZER } from "../conventions.ts";
import type { Action, Plan } from "./actions.ts";
import { referencedNames, removeReferences } from "./references.ts";
import { extraneousSecrets, secretSlot } from "./secret_slot.ts";
import type { Snapshot } from "./snapshot.ts";

/** Takes back everything that was made for a binding, then lets it go. */
export function planDeletion(snapshot: Snapshot): Plan {
  const { binding } = snapshot;
  if (!binding.finalizers.includes(FINALIZER)) return { actions: [] };
  const slot = secretSlot(snapshot);
  if (slot.kind === "unknown") {
    return { actions: [{ kind: "inspectSecret", name: binding.secretName }] };
  }
  const secrets = [...extraneousSecrets(snapshot)];
  if (slot.kind === "ours" || slot.kind === "stale") secrets.unshift(slot.secret);
  const deletions: readonly Action[] = secrets.map((secret) => ({
    kind: "deleteSecret",
    secret,
    reason: "the binding is being deleted",
  }));
  return {
    actions: [
      ...removeReferences(snapshot, referencedNames(snapshot, slot), () => true),
      ...deletions,
      { kind: "removeFinalizer" },
    ],
  };
}
