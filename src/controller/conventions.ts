/**
 * Names that the operator shares with the reference implementation, so that either takes over from
 * the other without a trace.
 */

/** The Lease by which replicas agree on their leader, so that the two never act at once. */
export const LEASE_NAME = "aks.azure.com";

/** Holds a binding back from deletion until its Secret and references are gone. Both APIs. */
export const FINALIZER = "msi-acrpull.microsoft.com";

/** On Secrets: the binding for which they hold a credential. */
export const BINDING_LABEL = "acr.microsoft.com/binding";

/** On Secrets: when the token expires, RFC 3339. */
export const EXPIRY_ANNOTATION = "acr.microsoft.com/token.expiry";
/** On Secrets: when the token was minted, RFC 3339. */
export const REFRESH_ANNOTATION = "acr.microsoft.com/token.refresh";
/** On Secrets: hash of what the token was minted for, as the reference computes it. */
export const INPUTS_ANNOTATION = "acr.microsoft.com/token.inputs";
/** On Secrets: hash of what the reference leaves out of its own. The reference ignores it. */
export const IDENTITY_ANNOTATION = "acr.microsoft.com/token.identity";
/** On Secrets: how many of the scopes asked for the token lacks. The reference ignores it. */
export const LACKING_ANNOTATION = "acr.microsoft.com/token.lacking";

/** On ServiceAccounts: the client ID of Azure workload identity. */
export const CLIENT_ID_ANNOTATION = "azure.workload.identity/client-id";
/** On ServiceAccounts: the tenant ID of Azure workload identity. */
export const TENANT_ID_ANNOTATION = "azure.workload.identity/tenant-id";

/** Type of every pull Secret, and the key of its only datum. */
export const SECRET_TYPE = "kubernetes.io/dockerconfigjson";
export const SECRET_KEY = ".dockerconfigjson";

/** The operator's name in `managedFields`, by which it knows its own writes. */
export const FIELD_MANAGER = "msi-acrpull-deno";
