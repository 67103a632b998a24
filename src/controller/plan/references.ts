import type { Action } from "./actions.ts";
import type { Situation } from "./situation.ts";

/** Names under which ServiceAccounts may refer to a Secret of the binding. */
export function referencedNames(situation: Situation): ReadonlySet<string> {
  const names = situation.extraneous.map((secret) => secret.name);
  if (isOursToDetach(situation)) names.push(situation.binding.secretName);
  return new Set(names);
}

/** A reference to what may be somebody else's Secret is not ours to remove, whatever its name. */
function isOursToDetach({ inspection, slot }: Situation): boolean {
  if (slot.kind === "none") return inspection?.kind === "absent";
  return slot.kind === "ours" || slot.kind === "stale";
}

/** Removes `names` from every ServiceAccount for which `where` holds. */
export function removeReferences(
  { serviceAccounts }: Situation,
  names: ReadonlySet<string>,
  where: (serviceAccount: string) => boolean,
): readonly Action[] {
  return [...serviceAccounts.values()]
    .filter((account) => where(account.name))
    .map((account) => ({
      serviceAccount: account.name,
      secrets: [...new Set(account.pullSecrets.filter((name) => names.has(name)))],
    }))
    .filter(({ secrets }) => secrets.length > 0)
    .map((found) => ({ kind: "removeReferences", ...found }));
}
