import { CLOUDS } from "../../../src/azure/clouds.ts";
import { CLIENT_ID_ANNOTATION, TENANT_ID_ANNOTATION } from "../../../src/controller/conventions.ts";

/** The API of a workload's bindings. */
export type Group = typeof V1BETA1 | typeof V1BETA2;

const V1BETA1 = "msi-acrpull.microsoft.com/v1beta1";
const V1BETA2 = "acrpull.microsoft.com/v1beta2";

/** Both APIs. */
export const GROUPS: readonly Group[] = [V1BETA1, V1BETA2];

/** Bindings and ServiceAccounts that an operator finds when it starts. */
export interface Workload {
  /** Of the bindings. */
  readonly apiVersion: Group;
  readonly count: number;
  /** Specs of the bindings in their order. */
  readonly spec: (index: number) => Readonly<Record<string, unknown>>;
  /** One ServiceAccount for all bindings, instead of one each. */
  readonly sharedAccount?: boolean;
  /** Annotations of the ServiceAccounts. */
  readonly annotations?: (index: number) => Readonly<Record<string, string>>;
}

const CLIENT_ID = "1b461305-28be-5271-beda-bd9fd2e24251";
/** The fake Azure knows no identity whose client ID begins so. */
export const INVENTED = "deadbeef";
const INVENTED_CLIENT_ID = `${INVENTED}-0000-4000-8000-000000000000`;
const TENANT_ID = "72f988bf-86f1-41af-91ab-2d7cd011db47";
const REGISTRY = "bench.azurecr.io";

/** The name of the ServiceAccount of a binding. */
export function accountName(workload: Workload, index: number): string {
  return workload.sharedAccount ? "account-shared" : `account-${index}`;
}

/** The name of a binding. */
export function bindingName(index: number): string {
  return `binding-${index}`;
}

/** v1beta1, a managed identity, one registry: the seed's everyday. */
export function oneIdentity(count: number): Workload {
  return {
    apiVersion: V1BETA1,
    count,
    spec: (index) => ({
      acrServer: REGISTRY,
      managedIdentityClientID: CLIENT_ID,
      serviceAccountName: `account-${index}`,
    }),
  };
}

/** As `oneIdentity`, with one ServiceAccount for all. */
export function oneAccount(count: number): Workload {
  return {
    ...oneIdentity(count),
    sharedAccount: true,
    spec: () => ({
      acrServer: REGISTRY,
      managedIdentityClientID: CLIENT_ID,
      serviceAccountName: "account-shared",
    }),
  };
}

const IDENTITIES = 50;
const REGISTRIES = 20;

/** v1beta1 with 50 managed identities at each of 20 registries, each binding with a scope of its own. */
export function manyIdentities(count: number): Workload {
  return {
    apiVersion: V1BETA1,
    count,
    spec: (index) => ({
      acrServer: `bench${Math.floor(index / IDENTITIES) % REGISTRIES}.azurecr.io`,
      managedIdentityClientID: numbered(CLIENT_ID, index % IDENTITIES),
      scope: `repository:app-${index}:pull`,
      serviceAccountName: `account-${index}`,
    }),
  };
}

/** v1beta1 with as many managed identities as there are bindings, none of which Azure knows. */
export function inventedIdentities(count: number): Workload {
  return {
    ...oneAccount(count),
    spec: (index) => ({
      acrServer: REGISTRY,
      managedIdentityClientID: numbered(INVENTED_CLIENT_ID, index),
      serviceAccountName: "account-shared",
    }),
  };
}

/** v1beta1 with as many registries as there are bindings, none of which answers. */
export function hangingRegistries(count: number): Workload {
  return {
    ...oneAccount(count),
    spec: (index) => ({
      acrServer: `hangs${index}.azurecr.io`,
      managedIdentityClientID: CLIENT_ID,
      serviceAccountName: "account-shared",
    }),
  };
}

/** v1beta1, each with an identity and a registry that no other has: `name` and a number. */
export function strangers(name: string, count: number): Workload {
  return {
    ...oneIdentity(count),
    spec: (index) => ({
      acrServer: `${name}${index}.azurecr.io`,
      managedIdentityClientID: numbered(`${CLIENT_ID.slice(0, -6)}${hex(name)}00`, index),
      serviceAccountName: `account-${index}`,
    }),
  };
}

/** v1beta2 with workload identity, each ServiceAccount federated by itself through its annotations. */
export function workloadIdentities(count: number): Workload {
  return {
    apiVersion: V1BETA2,
    count,
    annotations: (index) => ({
      [CLIENT_ID_ANNOTATION]: numbered(CLIENT_ID, index),
      [TENANT_ID_ANNOTATION]: TENANT_ID,
    }),
    spec: (index) => ({
      acr: { environment: "PublicCloud", server: REGISTRY, scope: `repository:app-${index}:pull` },
      auth: { workloadIdentity: { serviceAccountRef: `account-${index}` } },
      serviceAccountName: `account-${index}`,
    }),
  };
}

/** Every host of Azure that a workload's bindings lead to. */
export function hostsOf({ apiVersion, spec, count }: Workload): readonly string[] {
  const server = (index: number) => {
    const own = spec(index) as { acrServer?: string; acr?: { server: string } };
    return own.acrServer ?? own.acr!.server;
  };
  const registries = Array.from({ length: count }, (_, index) => server(index));
  const entra = apiVersion === V1BETA2 ? [CLOUDS.PublicCloud.authorityHost] : [];
  return [...new Set([...registries, ...entra])];
}

/** Four digits that tell names apart. */
function hex(name: string): string {
  const sum = [...name].reduce((sum, character) => sum * 31 + character.charCodeAt(0), 7);
  return (sum % 0x10000).toString(16).padStart(4, "0");
}

/** The UUID with its last digits replaced by a number. */
function numbered(uuid: string, number: number): string {
  const digits = number.toString(16);
  return uuid.slice(0, -digits.length) + digits;
}
