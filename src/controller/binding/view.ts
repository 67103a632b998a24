import type { NodeIdentity } from "../../azure/credential_request.ts";

/** An API of bindings, by its version, in which it differs from all others. */
export type ApiName = string;

/** A condition as Kubernetes writes it (meta/v1 Condition). */
export interface Condition {
  readonly type: string;
  readonly status: "True" | "False" | "Unknown";
  readonly observedGeneration?: number;
  readonly lastTransitionTime: string;
  readonly reason: string;
  readonly message: string;
}

/** What both APIs have as status. Times are RFC 3339. */
export interface BindingStatus {
  readonly observedGeneration?: number;
  readonly lastTokenRefreshTime?: string;
  readonly tokenExpirationTime?: string;
  readonly error?: string;
  readonly conditions?: readonly Condition[];
}

/** When a credential is due for its successor. */
export type Rotation =
  | { readonly kind: "beforeExpiry"; readonly marginMs: number }
  | { readonly kind: "fraction"; readonly fraction: number };

/** A credential that needs nothing but the node's own identity. */
export interface ManagedIdentitySpec {
  readonly kind: "managedIdentity";
  readonly identity: NodeIdentity;
  readonly audience: string;
  /** Whether an administrator set the audience, which then goes before the registry service's own. */
  readonly audienceIsSet?: true;
  readonly server: string;
  readonly scope: string;
}

/** What Entra knows a federated client by. */
export interface FederatedIds {
  readonly clientId: string;
  readonly tenantId: string;
}

/** A credential by federation. The IDs left out stand in the ServiceAccount's annotations. */
export interface WorkloadIdentitySpec {
  readonly kind: "workloadIdentity";
  readonly serviceAccountName: string;
  readonly ids?: FederatedIds;
  readonly authorityHost: string;
  readonly audience: string;
  readonly audienceIsSet?: true;
  readonly server: string;
  readonly scope: string;
}

/** A spec from which no credential can be had, and all that is wrong: a sentence a fault, with its remedy. */
export interface InvalidSpec {
  readonly kind: "invalid";
  readonly message: string;
}

/** What a binding asks for. */
export type CredentialSpec = ManagedIdentitySpec | WorkloadIdentitySpec | InvalidSpec;

/** What can be said of a binding whatever its spec says. */
export interface BindingBasics {
  readonly api: ApiName;
  readonly apiVersion: string;
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly resourceVersion: string;
  readonly generation: number;
  readonly deleting: boolean;
  readonly finalizers: readonly string[];
  /** Finalizers or conditions of others are left out: read the binding before these are written. */
  readonly isIncomplete?: true;
  readonly status: BindingStatus;
}

/** What a binding's name and spec ask for. */
export interface Asked {
  /** The ServiceAccount to which the credential is attached. */
  readonly target: string;
  readonly secretName: string;
  /** Value of the label on its Secrets. */
  readonly label: string;
  /** Hash of the inputs as the reference computes it. */
  readonly inputsHash: string;
  readonly credential: CredentialSpec;
  readonly rotation: Rotation;
}

/** A binding of any API, as the plan sees it. */
export interface BindingView extends BindingBasics, Asked {}

/** What holds of all Secrets that are made for bindings of one API. */
export interface SecretRules {
  /** Whether a Secret of that name is one of its bindings', and no other API's. */
  isSecretName(name: string): boolean;
  /** Whether the reference's admission policy lets their labels never change in place. */
  readonly isLabelFixed: boolean;
}

/** What makes a binding's key: unique over both APIs. */
export interface BindingId {
  readonly api: ApiName;
  readonly namespace: string;
  readonly name: string;
}

/** The key under which a binding is queued. */
export function bindingKey({ api, namespace, name }: BindingId): string {
  return `${api}/${namespace}/${name}`;
}

/** The binding of a key. */
export function parseBindingKey(key: string): BindingId {
  const [api, namespace, name] = key.split("/") as [ApiName, string, string];
  return { api, namespace, name };
}
