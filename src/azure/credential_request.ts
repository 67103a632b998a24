import { lowerAscii } from "../runtime/text/ascii.ts";
import type { ManagedIdentity } from "./imds.ts";
import { registryHost } from "./registry.ts";

/** A ServiceAccount whose token Entra accepts, and the client that it stands for. */
export interface FederatedIdentity {
  readonly kind: "workloadIdentity";
  readonly authorityHost: string;
  readonly tenantId: string;
  readonly clientId: string;
  /** The UID keeps an account that was made anew from riding on its predecessor's token. */
  readonly serviceAccount: {
    readonly namespace: string;
    readonly name: string;
    readonly uid: string;
  };
}

/** A managed identity of the node. */
export interface NodeIdentity extends ManagedIdentity {
  readonly kind: "managedIdentity";
}

/** What makes two credentials the same. */
export interface CredentialRequest {
  readonly identity: NodeIdentity | FederatedIdentity;
  /** The cloud's audience for Azure Resource Manager, or what somebody set in its place. */
  readonly audience: string;
  readonly audienceIsSet?: true;
  /** Host name of the registry, in any case. */
  readonly server: string;
  /** Registry scope; empty for the refresh token, which has all the identity's rights. */
  readonly scope: string;
}

/** The same for two requests exactly if they ask for the same credential. */
export function credentialKey(request: CredentialRequest): string {
  return JSON.stringify([...refreshParts(request), request.scope]);
}

/** The same for two requests exactly if they are served by the same refresh token of a registry. */
export function refreshKey(request: CredentialRequest): string {
  return JSON.stringify(refreshParts(request));
}

/** The same exactly if the Entra token is of the same identity and for the same audience. */
export function entraKey(identity: CredentialRequest["identity"], audience: string): string {
  return JSON.stringify([identityParts(identity), audience]);
}

/** The same exactly if the identity is the same. */
export function identityKey(identity: CredentialRequest["identity"]): string {
  return JSON.stringify(identityParts(identity));
}

/** The client of Entra, whoever stands behind it. */
export function clientKey({ authorityHost, tenantId, clientId }: FederatedIdentity): string {
  return JSON.stringify([authorityHost, lowerAscii(tenantId), lowerAscii(clientId)]);
}

/** The host that is called. */
export function hostKey(request: CredentialRequest): string {
  return registryHost(request.server);
}

function refreshParts(request: CredentialRequest): readonly unknown[] {
  const { identity, audience, audienceIsSet = false } = request;
  return [identityParts(identity), audience, audienceIsSet, hostKey(request)];
}

function identityParts(identity: NodeIdentity | FederatedIdentity): readonly string[] {
  if (identity.kind === "managedIdentity") {
    // The client ID wins, so a resource ID beside it makes no other identity.
    return identity.clientId !== undefined
      ? ["client", lowerAscii(identity.clientId)]
      : ["resource", lowerAscii(identity.resourceId ?? "")];
  }
  const { authorityHost, tenantId, clientId, serviceAccount } = identity;
  const { namespace, name, uid } = serviceAccount;
  return [authorityHost, lowerAscii(tenantId), lowerAscii(clientId), namespace, name, uid];
}
