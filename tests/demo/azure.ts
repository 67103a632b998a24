import type * as v1beta1 from "../../src/api/v1beta1.ts";
import type * as v1beta2 from "../../src/api/v1beta2.ts";
import type { FakeAzureOptions } from "../sandbox/azure/options.ts";
import type { Manifest, Sample } from "./samples.ts";

/** What an Azure must know for bindings to become Ready, and nothing else. */
export type Knowledge = Required<
  Pick<
    FakeAzureOptions,
    "registries" | "otherRegistries" | "identities" | "applications" | "tenants" | "subjects"
  >
>;

/** A federated credential, by whom it is for. */
interface Federation {
  readonly clientId: string;
  readonly tenant: string;
  readonly account: string;
}

const CLIENT_ID = "azure.workload.identity/client-id";
const TENANT_ID = "azure.workload.identity/tenant-id";

/**
 * The registries, identities, tenants and federated subjects that samples name. `isNamespace` says
 * in which namespaces their ServiceAccounts are federated.
 */
export function knowledgeOf(
  samples: readonly Sample[],
  isNamespace: (namespace: string) => boolean,
): Knowledge {
  const bindings = samples.map(({ object }) => object).filter(({ kind }) =>
    kind === "AcrPullBinding"
  );
  const federations = bindings.flatMap((binding) => federationOf(binding, samples));
  return {
    registries: unique(bindings.map(serverOf)),
    otherRegistries: "name-not-found",
    identities: unique(bindings.flatMap(identityOf)),
    applications: unique(federations.map(({ clientId }) => clientId)),
    tenants: unique(federations.map(({ tenant }) => tenant)),
    subjects: (subject, clientId) => {
      const [, namespace, account] = /^system:serviceaccount:([^:]+):([^:]+)$/.exec(subject) ?? [];
      return namespace !== undefined && isNamespace(namespace) &&
        federations.some((known) => known.clientId === clientId && known.account === account);
    },
  };
}

function isV1beta1(binding: Manifest): binding is Manifest & v1beta1.AcrPullBinding {
  return binding.apiVersion.endsWith("/v1beta1");
}

function specOfV1beta2(binding: Manifest): v1beta2.AcrPullBindingSpec | undefined {
  return (binding as v1beta2.AcrPullBinding & Manifest).spec;
}

function serverOf(binding: Manifest): string {
  const server = isV1beta1(binding) ? binding.spec?.acrServer : specOfV1beta2(binding)?.acr.server;
  return server ?? "";
}

function identityOf(binding: Manifest): string[] {
  const { clientID, resourceID } = isV1beta1(binding)
    ? {
      clientID: binding.spec?.managedIdentityClientID,
      resourceID: binding.spec?.managedIdentityResourceID,
    }
    : specOfV1beta2(binding)?.auth.managedIdentity ?? {};
  return [clientID, resourceID].filter((id) => id !== undefined && id !== "") as string[];
}

function federationOf(binding: Manifest, samples: readonly Sample[]): Federation[] {
  const identity = isV1beta1(binding) ? undefined : specOfV1beta2(binding)?.auth.workloadIdentity;
  if (identity === undefined) return [];
  const account = identity.serviceAccountRef;
  const annotations = annotationsOf(account, samples);
  return [{
    account,
    clientId: identity.clientID ?? annotations[CLIENT_ID] ?? "",
    tenant: identity.tenantID ?? annotations[TENANT_ID] ?? "",
  }];
}

function annotationsOf(account: string, samples: readonly Sample[]): Record<string, string> {
  const found = samples.find(({ object }) =>
    object.kind === "ServiceAccount" && object.metadata.name === account
  );
  return (found?.object.metadata as { annotations?: Record<string, string> })?.annotations ?? {};
}

function unique(items: readonly string[]): string[] {
  return [...new Set(items)];
}
