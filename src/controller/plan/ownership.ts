import type { BindingView, SecretRules } from "../binding/view.ts";
import type { SecretState } from "./snapshot.ts";

/** Whose a Secret is, as seen from one binding. */
export type Ownership =
  | "ours"
  /** Made for an earlier binding of the same name, or restored from a backup without owner. */
  | "stale"
  | "foreign";

/**
 * A Secret belongs to a binding by owner UID first, then by name pattern and label: two bindings of
 * one name, one per API, must not take each other's.
 */
export function ownershipOf(
  secret: SecretState,
  binding: BindingView,
  rules: Pick<SecretRules, "isSecretName">,
): Ownership {
  const { owner } = secret;
  if (owner?.uid === binding.uid) return "ours";
  if (owner !== undefined) return isPredecessor(secret, binding) ? "stale" : "foreign";
  if (secret.ownedByOthers) return "foreign";
  return rules.isSecretName(secret.name) && secret.label === binding.label ? "stale" : "foreign";
}

/** Owned by a binding of this API and name that is gone: the names of objects are unique. */
function isPredecessor({ owner }: SecretState, binding: BindingView): boolean {
  return owner!.name === binding.name &&
    groupOf(owner!.apiVersion) === groupOf(binding.apiVersion);
}

function groupOf(apiVersion: string): string {
  return apiVersion.split("/")[0]!;
}
