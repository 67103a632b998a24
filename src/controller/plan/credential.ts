import type { CredentialRequest } from "../../azure/credential_request.ts";
import { quote } from "../../runtime/text/quote.ts";
import { faultOfClientId, faultOfTenant } from "../../azure/identity.ts";
import { optional } from "../../runtime/optional.ts";
import { lowerAscii } from "../../runtime/text/ascii.ts";
import { CLIENT_ID_ANNOTATION, TENANT_ID_ANNOTATION } from "../conventions.ts";
import type { BindingView, WorkloadIdentitySpec } from "../binding/view.ts";
import { hash } from "../names.ts";
import type { ServiceAccountState, Snapshot } from "./snapshot.ts";

/** A credential that can be asked for, with the hash of what the reference's own leaves out. */
export interface Wanted {
  readonly request: CredentialRequest;
  readonly identityHash?: string;
}

/** Why none can be asked for. */
export interface Fault {
  readonly reason: "InvalidSpec" | "ServiceAccountNotFound" | "ServiceAccountIncomplete";
  /** A sentence with its remedy. */
  readonly message: string;
}

/** The credential that a binding wants, given the ServiceAccounts as they are. */
export function wantedCredential(snapshot: Snapshot): Wanted | Fault {
  const { binding } = snapshot;
  const spec = binding.credential;
  if (spec.kind === "invalid") return { reason: "InvalidSpec", message: spec.message };
  if (spec.kind === "workloadIdentity") return federated(snapshot, spec);
  const { kind: _, ...request } = spec;
  return { request };
}

function federated(snapshot: Snapshot, spec: WorkloadIdentitySpec): Wanted | Fault {
  const { binding, serviceAccounts } = snapshot;
  const account = serviceAccounts.get(spec.serviceAccountName);
  if (account === undefined) return notFound(spec.serviceAccountName);
  const ids = spec.ids ?? annotatedIds(account);
  if ("reason" in ids) return ids;
  const { audience, audienceIsSet, server, scope, authorityHost } = spec;
  const identity = {
    kind: "workloadIdentity",
    authorityHost,
    ...ids,
    serviceAccount: { namespace: binding.namespace, name: account.name, uid: account.uid },
  } as const;
  return {
    request: {
      identity,
      audience,
      ...optional("audienceIsSet", audienceIsSet),
      server,
      scope,
    },
    identityHash: hash(
      JSON.stringify([lowerAscii(ids.clientId), lowerAscii(ids.tenantId), authorityHost]),
    ),
  };
}

function annotatedIds(
  account: ServiceAccountState,
): { clientId: string; tenantId: string } | Fault {
  const { clientId, tenantId } = account;
  const faults = [
    ...annotationFaults(account, CLIENT_ID_ANNOTATION, clientId, faultOfClientId),
    ...annotationFaults(account, TENANT_ID_ANNOTATION, tenantId, faultOfTenant),
  ];
  return faults.length > 0
    ? { reason: "ServiceAccountIncomplete", message: faults.join(" ") }
    : { clientId: clientId!, tenantId: tenantId! };
}

function annotationFaults(
  account: ServiceAccountState,
  annotation: string,
  value: string | undefined,
  faultOf: (value: string) => string | undefined,
): string[] {
  const fault = value === undefined
    ? "is missing; set it, or set clientID and tenantID in spec.auth.workloadIdentity"
    : faultOf(value);
  if (fault === undefined) return [];
  return [`service account ${quote(account.name)}: annotation ${annotation} ${fault}.`];
}

/** The fault of a ServiceAccount that is not there, in the reference's words. */
export function notFound(serviceAccount: string): Fault {
  return {
    reason: "ServiceAccountNotFound",
    message: `service account ${quote(serviceAccount)} not found; create it, or correct ` +
      "the name in the binding.",
  };
}

/** What an attempt is made from: when this changes, an earlier failure says nothing any more. */
export function attemptInputs(binding: BindingView, wanted: Wanted, secretVersion: string): string {
  return hash(
    JSON.stringify([binding.uid, binding.generation, binding.inputsHash, wanted, secretVersion]),
  );
}
