import type { Action } from "./actions.ts";
import { extraneousSecrets, type SecretSlot } from "./secret_slot.ts";
import type { Snapshot } from "./snapshot.ts";

/** Names under which ServiceAccounts may refer to a Secret of the binding. */
export function referencedNames(snapshot: Snapshot, slot: SecretSlot): ReadonlySet<string> {
  const names = extraneousSecrets(snapshot).map((secret) => secret.name);
  if (isOursToDetach(snapshot, slot)) names.push(snapshot.binding.secretName);
  return new Set(names);
}

/** A reference to what may be somebody else's Secret is not ours to remove, whatever its name. */
function isOursToDetach({ inspection }: Snapshot, slot: SecretSlot): boolean {
  if (slot.kind === "none") return inspection?.kind === "absent";
  return slot.kind === "ours" || slot.kind === "stale";
}

/** Removes `names` from every ServiceAccount for which `where` holds. */
export function removeReferences(
  snapshot: Snapshot,
  names: ReadonlySet<string>,
  where: (serviceAccount: string) => boolean,
): readonly Action[] {
  return [...snapshot.serviceAccounts.values()]
    .filter((account) => where(account.name))
    .map((account) => ({
      serviceAccount: account.name,
      secrets: [...new Set(account.pullSecrets.filter((name) => names.has(name)))],
    }))
    .filter(({ secrets }) => secrets.length > 0)
    .map((found) => ({ kind: "removeReferences", ...found }));
}
