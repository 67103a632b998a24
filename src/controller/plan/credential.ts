import type { CredentialRequest } from "../../azure/credential_request.ts";
import { quote } from "../../runtime/text/quote.ts";
import { faultOfClientId, faultOfTenant } from "../../azure/identity.ts";
import { optional } from "../../runtime/optional.ts";
import { lowerAscii } from "../../runtime/text/ascii.ts";
import { CLIENT_ID_ANNOTATION, TENANT_ID_ANNOTATION } from "../conventions.ts";
import type { BindingView, FederatedIds, WorkloadIdentitySpec } from "../binding/view.ts";
import { hash } from "../names.ts";
import type { ServiceAccountState, Snapshot } from "./snapshot.ts";

/** A credential that can be asked for, with the hash of what the reference's own leaves out. */
export interface WantedCredential {
  readonly kind: "credential";
  readonly request: CredentialRequest;
  readonly identityHash?: string;
}

/** Why none can be asked for. */
export interface Fault {
  readonly kind: "fault";
  readonly reason: "InvalidSpec" | "ServiceAccountNotFound" | "ServiceAccountIncomplete";
  /** A sentence with its remedy. */
  readonly message: string;
}

/** The credential that a binding asks for, or what is wrong with its asking. */
export type Wanted = WantedCredential | Fault;

/** The credential that a binding wants, given the ServiceAccounts as they are. */
export function wantedCredential(
  { binding, serviceAccounts }: Pick<Snapshot, "binding" | "serviceAccounts">,
): Wanted {
  const spec = binding.credential;
  switch (spec.kind) {
    case "invalid":
      return { kind: "fault", reason: "InvalidSpec", message: spec.message };
    case "managedIdentity": {
      const { kind: _, ...request } = spec;
      return { kind: "credential", request };
    }
    case "workloadIdentity": {
      const account = serviceAccounts.get(spec.serviceAccountName);
      return account === undefined
        ? notFound(spec.serviceAccountName)
        : federated(spec, binding.namespace, account);
    }
  }
}

function federated(
  spec: WorkloadIdentitySpec,
  namespace: string,
  account: ServiceAccountState,
): Wanted {
  const named = spec.ids === undefined ? annotatedIds(account) : idsOf(spec.ids);
  if (named.kind === "fault") return named;
  const { clientId, tenantId } = named.ids;
  const { audience, audienceIsSet, server, scope, authorityHost } = spec;
  const { name, uid } = account;
  return {
    kind: "credential",
    request: {
      identity: {
        kind: "workloadIdentity",
        authorityHost,
        clientId,
        tenantId,
        serviceAccount: { namespace, name, uid },
      },
      audience,
      ...optional("audienceIsSet", audienceIsSet),
      server,
      scope,
    },
    identityHash: identityHash(spec, named.ids),
  };
}

/** The last hash of each spec's identity: another one comes by an account's annotations alone. */
const HASHES = new WeakMap<
  WorkloadIdentitySpec,
  { readonly identity: string; readonly hash: string }
>();

function identityHash(spec: WorkloadIdentitySpec, { clientId, tenantId }: FederatedIds): string {
  const identity = JSON.stringify([
    lowerAscii(clientId),
    lowerAscii(tenantId),
    spec.authorityHost,
  ]);
  const known = HASHES.get(spec);
  if (known?.identity === identity) return known.hash;
  const made = { identity, hash: hash(identity) };
  HASHES.set(spec, made);
  return made.hash;
}

/** The IDs of a federated client, where nothing is wrong with them. */
interface NamedIds {
  readonly kind: "ids";
  readonly ids: FederatedIds;
}

function idsOf(ids: FederatedIds): NamedIds {
  return { kind: "ids", ids };
}

function annotatedIds(account: ServiceAccountState): NamedIds | Fault {
  const { clientId, tenantId } = account;
  const faults = [
    ...annotationFaults(account, CLIENT_ID_ANNOTATION, clientId, faultOfClientId),
    ...annotationFaults(account, TENANT_ID_ANNOTATION, tenantId, faultOfTenant),
  ];
  return faults.length > 0
    ? { kind: "fault", reason: "ServiceAccountIncomplete", message: faults.join(" ") }
    : idsOf({ clientId: clientId!, tenantId: tenantId! });
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
    kind: "fault",
    reason: "ServiceAccountNotFound",
    message: `service account ${quote(serviceAccount)} not found; create it, or correct ` +
      "the name in the binding.",
  };
}

/** What an attempt is made from: when this changes, an earlier failure says nothing any more. */
export function attemptInputs(
  binding: BindingView,
  wanted: WantedCredential,
  secretVersion: string,
): string {
  return hash(
    JSON.stringify([binding.uid, binding.generation, binding.inputsHash, wanted, secretVersion]),
  );
}
