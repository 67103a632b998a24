import type { BindingView } from "../binding/view.ts";
import { type Lifetime, lifetimeOf } from "./schedule.ts";
import type { SecretState } from "./snapshot.ts";
import type { Trouble } from "./trouble.ts";

/**
 * Whether the data of a Secret may be taken for the credential that its annotations tell of, without
 * reading them. Nobody else wrote them, as `managedFields` have it; but these show neither what
 * admission made of the operator's own write nor that an annotation was taken away. So the status
 * must tell of this very credential, too, and that pods can pull by it: it does so only once the
 * answer to the write, or the Secret itself, was seen.
 */
export function isVouchedFor(
  secret: SecretState,
  binding: BindingView,
  trouble: Pick<Trouble, "isUnanswered"> | undefined,
): boolean {
  return secret.dataIsOurs && secret.inputs !== undefined && !trouble?.isUnanswered &&
    isToldReady(secret, binding);
}

/** Whether the status tells of the credential of which the annotations tell, and that it serves. */
export function isToldReady(secret: SecretState, { status }: BindingView): boolean {
  const lifetime = lifetimeOf(secret);
  return lifetime !== undefined && tellsOf(status, lifetime) && isReady(status);
}

function tellsOf(
  { lastTokenRefreshTime = "", tokenExpirationTime = "" }: BindingView["status"],
  { refreshedAt, expiresAt }: Lifetime,
): boolean {
  return Date.parse(lastTokenRefreshTime) === refreshedAt &&
    Date.parse(tokenExpirationTime) === expiresAt;
}

/** The reference's CRDs prune conditions; then the error tells. */
function isReady({ conditions, error }: BindingView["status"]): boolean {
  const ready = conditions?.find(({ type }) => type === "Ready");
  return ready === undefined ? error === undefined : ready.status === "True";
}
