import { eventually } from "../../suites/eventually.ts";
import type { ControlPlane } from "./control_plane.ts";
import { kubectl, kubectlOk, type KubectlResult } from "./kubectl.ts";
import { OPERATOR } from "./manifests.ts";
import { denial } from "./policies.ts";

/** The policy, and the ConfigMap of its lists. */
export const POLICY = "msi-acrpull-tenants";
export const CLIENT_ID = "1b461305-28be-5271-beda-bd9fd2e24251";
export const OTHER_ID = "a3d97c40-5be2-4f68-9c1d-68b0e7f4d259";
export const RESOURCE_ID =
  "/subscriptions/712288dc-f816-4242-b73f-a0a87265dcc8/resourceGroups/my-group/" +
  "providers/Microsoft.ManagedIdentity/userAssignedIdentities/my-identity";

/** What may be listed for a namespace. */
export type Lists = Record<
  "registries" | "identities" | "scopes" | "entraAuthorityHosts" | "resourceManagerAudiences",
  string
>;

/** What the tests' namespace may name. */
export const LISTS: Lists = {
  registries: "team.azurecr.io\n",
  identities: `${CLIENT_ID} workload-identity\n${RESOURCE_ID}`,
  scopes: "repository:team-a/*:pull\r\n\trepository:base:pull,push repository:a+(b|c):pull\\E " +
    "registry:catalog:* repository:up/..x:pull",
  entraAuthorityHosts: "https://Login.cloud.example/",
  resourceManagerAudiences: "https://management.cloud.example/",
};

/** A binding as a tenant writes it. */
interface Binding {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string };
  readonly spec: Record<string, unknown>;
}

/** A binding of v1beta1 that names what is listed, but for `spec`. */
export function v1(spec: Record<string, unknown> = {}): Binding {
  return {
    apiVersion: "msi-acrpull.microsoft.com/v1beta1",
    kind: "AcrPullBinding",
    metadata: { name: "pull" },
    spec: {
      acrServer: "team.azurecr.io",
      managedIdentityClientID: CLIENT_ID,
      scope: "repository:team-a/app:pull",
      ...spec,
    },
  };
}

const MANAGED = { managedIdentity: { clientID: CLIENT_ID } };

/** A binding of v1beta2 that names what is listed, but for `acr` and `auth`. */
export function v2(acr: Record<string, unknown>, auth: unknown = MANAGED): Binding {
  return {
    apiVersion: "acrpull.microsoft.com/v1beta2",
    kind: "AcrPullBinding",
    metadata: { name: "pull" },
    spec: {
      acr: {
        server: "team.azurecr.io",
        scope: "repository:team-a/app:pull",
        environment: "PublicCloud",
        ...acr,
      },
      auth,
      serviceAccountName: "default",
    },
  };
}

const AIRGAPPED = {
  entraAuthorityHost: "login.cloud.example",
  resourceManagerAudience: "https://management.cloud.example/",
};

/** A binding of an air-gapped cloud. */
export function airgapped(cloudConfig: Partial<typeof AIRGAPPED> = {}): Binding {
  return v2({ environment: "AirgappedCloud", cloudConfig: { ...AIRGAPPED, ...cloudConfig } });
}

/** Writes the ConfigMap as an administrator would, with further keys as they stand in `operator`. */
export async function list(
  plane: ControlPlane,
  namespace: string,
  lists: Partial<Lists>,
  operator: Record<string, string> = {},
): Promise<void> {
  const entries = Object.entries(lists).map(([name, text]) => [`${namespace}.${name}`, text]);
  await kubectlOk(plane, ["apply", "-f", "-"], {
    stdin: JSON.stringify({
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: { name: POLICY, namespace: OPERATOR.namespace },
      data: { ...Object.fromEntries(entries), ...operator },
    }),
  });
}

/** What the API server says of a binding, which it does not keep. */
export function tryToCreate(
  plane: ControlPlane,
  namespace: string,
  object: unknown,
): Promise<KubectlResult> {
  return kubectl(plane, ["create", "--dry-run=server", "-n", namespace, "-f", "-"], {
    stdin: JSON.stringify(object),
  });
}

/** Policies and what they are given take effect a moment after they are written. */
export async function once(
  what: string,
  attempt: () => Promise<KubectlResult>,
  refusal?: RegExp,
): Promise<void> {
  await eventually(what, async () => {
    const { code, stderr } = await attempt();
    return (refusal === undefined ? code === 0 : refusal.test(stderr)) || undefined;
  });
}

/** What is said of a value that is not listed. */
export function notListed(
  namespace: string,
  value: string,
  field: string,
  list: keyof Lists,
): RegExp {
  return denial(
    POLICY,
    `namespace ${namespace} may not name "${value}" in ${field}: an administrator lists what it ` +
      `may under key ${namespace}.${list} of ConfigMap ${OPERATOR.namespace}/${POLICY}`,
  );
}
