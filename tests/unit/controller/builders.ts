import type {
  AcrPullBinding as BindingV1,
  AcrPullBindingSpec as SpecV1,
} from "../../../src/api/v1beta1.ts";
import type {
  AcrPullBinding as BindingV2,
  AcrPullBindingSpec as SpecV2,
} from "../../../src/api/v1beta2.ts";
import { APIS } from "../../../src/controller/binding/apis.ts";
import type { BindingSettings } from "../../../src/controller/binding/settings.ts";
import type { BindingView } from "../../../src/controller/binding/view.ts";
import type {
  SecretState,
  ServiceAccountState,
  Snapshot,
} from "../../../src/controller/plan/snapshot.ts";
import type { ObjectMeta, Stored } from "../../../src/kubernetes/resources/resource_client.ts";
import { viewOfV1beta1, viewOfV1beta2 } from "./views.ts";

/** 2026-06-01T12:00:00Z, when tests of the controller take place. */
export const NOW = Date.UTC(2026, 5, 1, 12);
export const SECOND = 1000;
export const MINUTE = 60 * SECOND;
export const HOUR = 60 * MINUTE;

export const CLIENT_ID = "1b461305-28be-5271-beda-bd9fd2e24251";
export const TENANT_ID = "72f988bf-86f1-41af-91ab-2d7cd011db47";
export const RESOURCE_ID = "/subscriptions/712288dc-f816-4242-b73f-a0a87265dcc8/resourceGroups/rg" +
  "/providers/Microsoft.ManagedIdentity/userAssignedIdentities/puller";
export const SERVER = "bench.azurecr.io";
export const SCOPE = "repository:app:pull";
export const FINALIZER = "msi-acrpull.microsoft.com";

/** The operator's own configuration, without defaults for bindings. */
export const SETTINGS: BindingSettings = {
  allowedServerSuffixes: ["azurecr.io"],
  defaults: {
    acrServer: "",
    managedIdentityClientID: "",
    managedIdentityResourceID: "",
    armResource: "",
  },
  ttlRotationFraction: 0.5,
  allowedEntraAuthorityHosts: [],
  allowedResourceManagerAudiences: [],
};

type Metadata = Partial<ObjectMeta>;

function metadata(uid: string, change: Metadata = {}) {
  return {
    name: "pull",
    namespace: "team-a",
    uid,
    resourceVersion: "10",
    generation: 1,
    finalizers: [FINALIZER],
    ...change,
  };
}

/** A v1beta1 binding that has its finalizer. */
export function bindingV1(
  change: { metadata?: Metadata; spec?: Partial<SpecV1>; status?: BindingV1["status"] } = {},
): Stored<BindingV1> {
  return {
    metadata: metadata("uid-v1", change.metadata),
    spec: { acrServer: SERVER, managedIdentityClientID: CLIENT_ID, ...change.spec },
    ...(change.status === undefined ? {} : { status: change.status }),
  };
}

/** A v1beta2 binding with a managed identity that has its finalizer. */
export function bindingV2(
  change: { metadata?: Metadata; spec?: Partial<SpecV2>; status?: BindingV2["status"] } = {},
): Stored<BindingV2> {
  return {
    metadata: metadata("uid-v2", change.metadata),
    spec: {
      acr: { server: SERVER, scope: SCOPE, environment: "PublicCloud" },
      auth: { managedIdentity: { clientID: CLIENT_ID } },
      serviceAccountName: "default",
      ...change.spec,
    },
    ...(change.status === undefined ? {} : { status: change.status }),
  };
}

/** A v1beta2 binding with workload identity; `ids` are in its spec, else in the annotations. */
export function federatedV2(
  ids: { clientID?: string; tenantID?: string } = {},
  change: Parameters<typeof bindingV2>[0] = {},
): Stored<BindingV2> {
  const auth = { workloadIdentity: { serviceAccountRef: "default", ...ids } };
  return bindingV2({ ...change, spec: { auth, ...change.spec } });
}

export function viewV1(change: Parameters<typeof bindingV1>[0] = {}): BindingView {
  return viewOfV1beta1(bindingV1(change), SETTINGS);
}

export function viewV2(change: Parameters<typeof bindingV2>[0] = {}): BindingView {
  return viewOfV1beta2(bindingV2(change), SETTINGS);
}

export function viewFederated(...args: Parameters<typeof federatedV2>): BindingView {
  return viewOfV1beta2(federatedV2(...args), SETTINGS);
}

/** RFC 3339 as the operator writes it. */
export function time(ms: number): string {
  return new Date(ms).toISOString().replace(/\.\d{3}Z$/, "Z");
}

/** The Secret that the operator made for `binding` an hour ago, which lives for three hours. */
export function secretOf(binding: BindingView, change: Partial<SecretState> = {}): SecretState {
  return {
    name: binding.secretName,
    uid: `uid-${binding.secretName}`,
    resourceVersion: "20",
    label: binding.label,
    owner: { apiVersion: binding.apiVersion, name: binding.name, uid: binding.uid },
    ownedByOthers: false,
    expiry: time(NOW + 2 * HOUR),
    refresh: time(NOW - HOUR),
    inputs: binding.inputsHash,
    dataIsOurs: true,
    ...change,
  };
}

/** The same Secret without some of its parts. */
export function without<T extends object, K extends keyof T>(object: T, ...keys: K[]): Omit<T, K> {
  const copy = { ...object };
  for (const key of keys) delete copy[key];
  return copy;
}

export function account(
  name: string,
  pullSecrets: readonly string[] = [],
  ids: Pick<ServiceAccountState, "clientId" | "tenantId"> = {},
): ServiceAccountState {
  return { name, uid: `uid-sa-${name}`, pullSecrets, ...ids };
}

/** A snapshot of `binding`, whose target is there and names no Secret. */
export function snapshotOf(
  binding: BindingView,
  change: Partial<Omit<Snapshot, "serviceAccounts">> & {
    accounts?: readonly ServiceAccountState[];
  } = {},
): Snapshot {
  const { accounts = [account(binding.target)], ...rest } = change;
  return {
    binding,
    rules: APIS.named(binding.api),
    secrets: [],
    keepsConditions: true,
    serviceAccounts: new Map(accounts.map((each) => [each.name, each])),
    ...rest,
  };
}
