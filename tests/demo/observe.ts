import * as v1beta1 from "../../src/api/v1beta1.ts";
import * as v1beta2 from "../../src/api/v1beta2.ts";
import { BINDING_LABEL } from "../../src/controller/conventions.ts";
import { v1beta1SecretName } from "../../src/controller/binding/v1beta1.ts";
import { v1beta2SecretName } from "../../src/controller/binding/v1beta2.ts";
import type { RestClient } from "../../src/kubernetes/http/contract.ts";
import { secrets, serviceAccounts } from "../../src/kubernetes/resources/built_in.ts";
import type { Selection, Stored } from "../../src/kubernetes/resources/resource_client.ts";
import { NAMESPACE } from "./installation.ts";

/** A binding of either API, as the demo shows it. */
export interface BindingRow {
  readonly api: "v1beta1" | "v1beta2";
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  /** Registry, or empty where the binding leaves it to the operator. */
  readonly server: string;
  readonly serviceAccount: string;
  readonly secret: string;
  /** `Ready`, `Pending`, `Deleting`, or the reason why it is not ready. */
  readonly state: string;
  /** Why there is no fresh token; empty when all is well. */
  readonly error: string;
  /** Milliseconds since the epoch. */
  readonly refreshedAt?: number;
  /** Milliseconds since the epoch. */
  readonly expiresAt?: number;
}

type AnyBinding = Stored<v1beta1.AcrPullBinding> | Stored<v1beta2.AcrPullBinding>;

/** The selected bindings of both APIs, in order of API, namespace and name. */
export async function observeBindings(
  rest: RestClient,
  selection: Selection,
): Promise<BindingRow[]> {
  const [first, second] = await Promise.all([
    v1beta1.acrPullBindings(rest).list(selection),
    v1beta2.acrPullBindings(rest).list(selection),
  ]);
  return [...first.items.map(v1beta1Row), ...second.items.map(v1beta2Row)].sort(byPlace);
}

/** A stored pull credential: enough to tell whether it is another, and in the same Secret. */
export interface StoredCredential {
  readonly uid: string;
  readonly data: string;
}

/** What the pull Secrets of a namespace hold, by their names. Tokens: for comparison only. */
export async function observeCredentials(
  rest: RestClient,
  namespace: string,
  signal: AbortSignal,
): Promise<Map<string, StoredCredential>> {
  const { items } = await secrets(rest).list({ namespace, labelSelector: BINDING_LABEL, signal });
  return new Map(items.map(({ metadata, data }) => [metadata.name, {
    uid: metadata.uid,
    data: data?.[".dockerconfigjson"] ?? "",
  }]));
}

/** The pull secrets that each ServiceAccount of a namespace refers to. */
export async function observeReferences(
  rest: RestClient,
  namespace: string,
  signal: AbortSignal,
): Promise<Map<string, string[]>> {
  const { items } = await serviceAccounts(rest).list({ namespace, signal });
  return new Map(items.map(({ metadata, imagePullSecrets = [] }) => [
    metadata.name,
    imagePullSecrets.map(({ name }) => name ?? ""),
  ]));
}

/** Names a binding in one word; its namespace is left out where that is the demo's. */
export function nameOf({ api, namespace, name }: BindingRow): string {
  return namespace === NAMESPACE ? `${api}/${name}` : `${api}/${namespace}/${name}`;
}

function v1beta1Row(binding: Stored<v1beta1.AcrPullBinding>): BindingRow {
  const { spec } = binding;
  return {
    api: "v1beta1",
    server: spec?.acrServer ?? "",
    serviceAccount: spec?.serviceAccountName || "default",
    secret: v1beta1SecretName(binding.metadata.name),
    ...commonOf(binding),
  };
}

function v1beta2Row(binding: Stored<v1beta2.AcrPullBinding>): BindingRow {
  const { spec } = binding;
  return {
    api: "v1beta2",
    server: spec?.acr.server ?? "",
    serviceAccount: spec?.serviceAccountName ?? "",
    secret: v1beta2SecretName(binding.metadata.name),
    ...commonOf(binding),
  };
}

function commonOf(binding: AnyBinding) {
  const { metadata, status } = binding;
  const refreshedAt = Date.parse(status?.lastTokenRefreshTime ?? "");
  const expiresAt = Date.parse(status?.tokenExpirationTime ?? "");
  return {
    namespace: metadata.namespace,
    name: metadata.name,
    uid: metadata.uid,
    state: stateOf(binding),
    error: status?.error ?? "",
    ...(Number.isNaN(refreshedAt) ? {} : { refreshedAt }),
    ...(Number.isNaN(expiresAt) ? {} : { expiresAt }),
  };
}

/** CRDs of the reference keep no conditions; there the error and the expiry tell. */
function stateOf({ metadata, status }: AnyBinding): string {
  if (metadata.deletionTimestamp !== undefined) return "Deleting";
  const ready = status?.conditions?.find(({ type }) => type === "Ready");
  if (ready !== undefined) return ready.status === "True" ? "Ready" : ready.reason;
  if ((status?.error ?? "") !== "") return "Error";
  return status?.tokenExpirationTime === undefined ? "Pending" : "Ready";
}

function byPlace(a: BindingRow, b: BindingRow): number {
  const [left, right] = [a, b].map(({ api, namespace, name }) => `${api}/${namespace}/${name}`);
  return left! < right! ? -1 : left! > right! ? 1 : 0;
}
