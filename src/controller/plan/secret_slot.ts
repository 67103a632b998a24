import { optional } from "../../runtime/optional.ts";
import { isNewer } from "../../kubernetes/informer/resource_version.ts";
import type { BindingView } from "../binding/view.ts";
import { FINALIZER } from "../conventions.ts";
import { ownershipOf } from "./ownership.ts";
import type { Content, SecretState, Snapshot } from "./snapshot.ts";

/** What stands under the name of the binding's Secret. */
export type SecretSlot =
  | { readonly kind: "none" }
  /** Not in the cache, which holds labelled Secrets alone: it must be read by name. */
  | { readonly kind: "unknown" }
  | { readonly kind: "ours"; readonly secret: SecretState; readonly content?: Content }
  | { readonly kind: "stale"; readonly secret: SecretState }
  | { readonly kind: "foreign"; readonly secret: SecretState };

/** One that holds the binding's own Secret. */
export type OurSlot = Extract<SecretSlot, { kind: "ours" }>;

/** Some Secret stands there, whosever it is. */
export type OccupiedSlot = Extract<SecretSlot, { secret: SecretState }>;

/** Whether some Secret stands there, as far as is known. */
export function isOccupied(slot: SecretSlot): slot is OccupiedSlot {
  return slot.kind !== "none" && slot.kind !== "unknown";
}

/** How many of the scopes that were asked for the token in our Secret lacks. */
export function lackingIn({ secret, content }: Pick<OurSlot, "secret" | "content">): number {
  if (content?.kind === "intact") return content.lacking ?? 0;
  const lacking = Number(secret.lacking ?? 0);
  return Number.isSafeInteger(lacking) ? lacking : 0;
}

/** Finds out what stands under the name of the binding's Secret. */
export function secretSlot(snapshot: Snapshot): SecretSlot {
  const { binding, secrets, inspection } = snapshot;
  const cached = secrets.find((secret) => secret.name === binding.secretName);
  const read = inspection?.kind === "found" ? inspection.secret : undefined;
  if (cached !== undefined && (read === undefined || !isReadLater(read, cached))) {
    return occupied(snapshot, cached, contentFor(snapshot, cached));
  }
  // One with the label that the cache does not hold was deleted since it was read.
  const deleted = cached === undefined && read?.label !== undefined;
  if (inspection?.kind === "found" && !deleted) {
    return occupied(snapshot, inspection.secret, inspection.content);
  }
  if (inspection?.kind === "absent") return { kind: "none" };
  return { kind: isNew(binding) ? "none" : "unknown" };
}

/** Nothing was ever made for it. The first releases set no finalizer, but told of the credential. */
function isNew({ finalizers, status }: BindingView): boolean {
  return !finalizers.includes(FINALIZER) && status.lastTokenRefreshTime === undefined;
}

function occupied(
  { binding, rules }: Snapshot,
  secret: SecretState,
  content: Content | undefined,
): SecretSlot {
  const kind = ownershipOf(secret, binding, rules);
  if (kind !== "ours") return { kind, secret };
  return { kind, secret, ...optional("content", content) };
}

/** Reading by name may be ahead of the watch. */
function isReadLater(read: SecretState, cached: SecretState): boolean {
  return isNewer(read.resourceVersion, cached.resourceVersion);
}

/** A verdict holds for the very version that was read. */
function contentFor({ inspection }: Snapshot, secret: SecretState): Content | undefined {
  if (inspection?.kind !== "found") return undefined;
  const same = inspection.secret.uid === secret.uid &&
    inspection.secret.resourceVersion === secret.resourceVersion;
  return same ? inspection.content : undefined;
}

/** Further Secrets of the binding, under other names: left by other versions of the operator. */
export function extraneousSecrets({ binding, rules, secrets }: Snapshot): readonly SecretState[] {
  return secrets.filter((secret) => {
    if (secret.name === binding.secretName) return false;
    const ownership = ownershipOf(secret, binding, rules);
    // One of a predecessor goes with the garbage collector; its owner is named.
    return ownership === "ours" || (ownership === "stale" && secret.owner === undefined);
  });
}
