import assert from "node:assert/strict";
import type { ControlPlane } from "./servers/control_plane.ts";
import { deployTo } from "./servers/deploy_task.ts";
import { eventually } from "../suites/eventually.ts";
import { e2e } from "./servers/gate.ts";
import { kubectl, kubectlOk, type KubectlResult } from "./servers/kubectl.ts";
import { OPERATOR } from "./servers/manifests.ts";
import { createAsAdmin, denial, patchAsOperator } from "./servers/policies.ts";

const POLICY = "msi-acrpull-tenants";
const CLIENT_ID = "1b461305-28be-5271-beda-bd9fd2e24251";
const OTHER_ID = "a3d97c40-5be2-4f68-9c1d-68b0e7f4d259";
const RESOURCE_ID = "/subscriptions/712288dc-f816-4242-b73f-a0a87265dcc8/resourceGroups/my-group/" +
  "providers/Microsoft.ManagedIdentity/userAssignedIdentities/my-identity";

type Lists = Record<"registries" | "identities" | "scopes", string>;

const LISTS: Lists = {
  registries: "team.azurecr.io\n",
  identities: `${CLIENT_ID} workload-identity\n${RESOURCE_ID}`,
  scopes: "repository:team-a/*:pull repository:base:pull,push",
};

function v1(spec: Record<string, unknown> = {}) {
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

function v2(acr: Record<string, unknown>, auth: unknown = MANAGED) {
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

const ALLOWED: readonly [string, unknown][] = [
  ["v1beta1, all of it listed", v1()],
  ["a registry in other letters", v1({ acrServer: "Team.azurecr.io" })],
  ["two scopes", v1({ scope: "repository:team-a/x:pull repository:base:pull,push" })],
  ["a resource ID", v1({ managedIdentityClientID: "", managedIdentityResourceID: RESOURCE_ID })],
  ["v1beta2, managed", v2({})],
  ["v1beta2, federated", v2({}, { workloadIdentity: { serviceAccountRef: "default" } })],
];

/** A binding, and the words after `may not name`. */
const REFUSED: readonly [string, unknown, string][] = [
  ["another registry", v1({ acrServer: "other.azurecr.io" }), "registry other.azurecr.io: "],
  ["the default registry", v1({ acrServer: "" }), "registry default: "],
  ["a part of a registry", v1({ acrServer: "eam.azurecr.io" }), "registry eam.azurecr.io: "],
  ["another identity", v1({ managedIdentityClientID: OTHER_ID }), `identity ${OTHER_ID}: `],
  [
    "another identity beside a listed one",
    v1({ managedIdentityResourceID: `${RESOURCE_ID}2` }),
    `identity ${CLIENT_ID} ${RESOURCE_ID.toLowerCase()}2: `,
  ],
  ["the default identity", v1({ managedIdentityClientID: "" }), "identity default: "],
  ["no scope", v1({ scope: "" }), "scope *: "],
  ["more of a scope", v1({ scope: "repository:team-a/app:pull,push" }), "scope repository:team-a"],
  ["a scope of another", v1({ scope: "repository:team-b/app:pull" }), "scope repository:team-b"],
  [
    "a second scope that is not listed",
    v1({ scope: "repository:team-a/x:pull registry:catalog:*" }),
    "scope repository:team-a/x:pull registry:catalog:*: ",
  ],
  [
    "a star that would reach over a colon",
    v1({ scope: "repository:team-a/x:delete:pull" }),
    "scope repository:team-a/x:delete:pull: ",
  ],
  ["v1beta2, another registry", v2({ server: "other.azurecr.io" }), "registry other.azurecr.io: "],
  ["v1beta2, another scope", v2({ scope: "repository:x:pull" }), "scope repository:x:pull: "],
  [
    "v1beta2, another identity",
    v2({}, { managedIdentity: { clientID: OTHER_ID } }),
    `identity ${OTHER_ID}: `,
  ],
];

/** Writes the ConfigMap as an administrator would. */
async function list(plane: ControlPlane, namespace: string, lists: Partial<Lists>): Promise<void> {
  const entries = Object.entries(lists).map(([name, text]) => [`${namespace}.${name}`, text]);
  await kubectlOk(plane, ["apply", "-f", "-"], {
    stdin: JSON.stringify({
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: { name: POLICY, namespace: OPERATOR.namespace },
      data: Object.fromEntries(entries),
    }),
  });
}

function tryToCreate(plane: ControlPlane, namespace: string, object: unknown) {
  return kubectl(plane, ["create", "--dry-run=server", "-n", namespace, "-f", "-"], {
    stdin: JSON.stringify(object),
  });
}

/** Policies and what they are given take effect a moment after they are written. */
async function once(what: string, attempt: () => Promise<KubectlResult>, refusal?: RegExp) {
  await eventually(what, async () => {
    const { code, stderr } = await attempt();
    return (refusal === undefined ? code === 0 : refusal.test(stderr)) || undefined;
  });
}

let installed: Promise<void> | undefined;

async function install(plane: ControlPlane): Promise<void> {
  const { code, stderr } = await deployTo(plane, ["--apply", "--tenant-policy"]);
  assert.equal(code, 0, stderr);
}

function withTenants(
  name: string,
  test: (plane: ControlPlane, namespace: string) => Promise<void>,
) {
  e2e(name, async (plane) => {
    await (installed ??= install(plane));
    await test(plane, await plane.createNamespace());
  });
}

withTenants("without the ConfigMap nothing may be named", async (plane, namespace) => {
  const refusal = new RegExp(`policy ${POLICY}.*|'${POLICY}'`);
  await once("it is refused", () => tryToCreate(plane, namespace, v1()), refusal);
});

withTenants("without an entry of its namespace a binding is refused", async (plane, namespace) => {
  await list(plane, "elsewhere", LISTS);
  const message = `namespace ${namespace} may not name registry team.azurecr.io: ` +
    `an administrator lists what it may under ${namespace}.registries ` +
    `in ConfigMap ${OPERATOR.namespace}/${POLICY}`;
  await once("it says so", () => tryToCreate(plane, namespace, v1()), denial(POLICY, message));
});

withTenants("what is listed may be named, and nothing else", async (plane, namespace) => {
  await list(plane, namespace, LISTS);
  await once("the list counts", () => tryToCreate(plane, namespace, v1()));
  for (const [name, object] of ALLOWED) {
    const { code, stderr } = await tryToCreate(plane, namespace, object);
    assert.equal(code, 0, `${name}: ${stderr}`);
  }
  for (const [name, object, refusal] of REFUSED) {
    const { stderr } = await tryToCreate(plane, namespace, object);
    assert.match(stderr, denial(POLICY, `namespace ${namespace} may not name ${refusal}`), name);
  }
});

withTenants("* allows whatever there is", async (plane, namespace) => {
  await list(plane, namespace, { registries: "*", identities: "*", scopes: "*" });
  const nothing = v1({ acrServer: "", managedIdentityClientID: "", scope: "" });
  await once("it is allowed", () => tryToCreate(plane, namespace, nothing));
});

withTenants("a binding from before works on and can go", async (plane, namespace) => {
  const binding = "acrpullbinding.msi-acrpull.microsoft.com/pull";
  await list(plane, namespace, LISTS);
  await once("the list counts", () => tryToCreate(plane, namespace, v1()));
  await createAsAdmin(plane, namespace, v1());
  await list(plane, "elsewhere", LISTS);
  const spec = JSON.stringify({ spec: { scope: "repository:team-a/other:pull" } });
  const change = ["patch", "-n", namespace, binding, "--type=merge", "-p", spec];
  const refusal = denial(POLICY, `namespace ${namespace} may not name registry`);
  await once("its spec stays", () => kubectl(plane, [...change, "--dry-run=server"]), refusal);

  const patch = (finalizers: string[]) =>
    patchAsOperator(plane, namespace, binding, { metadata: { finalizers } });
  assert.equal((await patch(["msi-acrpull.microsoft.com"])).code, 0);
  await kubectlOk(plane, ["delete", "--wait=false", "-n", namespace, binding]);
  assert.equal((await patch([])).stderr, "");
  const { stderr } = await kubectl(plane, ["get", "-n", namespace, binding]);
  assert.match(stderr, /NotFound/);
});
