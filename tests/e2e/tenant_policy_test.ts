import assert from "node:assert/strict";
import type { ControlPlane } from "./servers/control_plane.ts";
import { deployTo } from "./servers/deploy_task.ts";
import { e2e } from "./servers/gate.ts";
import { kubectl, kubectlOk } from "./servers/kubectl.ts";
import { OPERATOR } from "./servers/manifests.ts";
import { createAsAdmin, denial, patchAsOperator } from "./servers/policies.ts";
import {
  airgapped,
  list,
  LISTS,
  type Lists,
  notListed,
  once,
  OTHER_ID,
  POLICY,
  RESOURCE_ID,
  tryToCreate,
  v1,
  v2,
} from "./servers/tenant_bindings.ts";

const ALLOWED: readonly [string, unknown][] = [
  ["v1beta1, all of it listed", v1()],
  ["a registry in other letters", v1({ acrServer: "Team.azurecr.io" })],
  ["two scopes", v1({ scope: "repository:team-a/x:pull repository:base:pull,push" })],
  ["two scopes, far apart", v1({ scope: " repository:team-a/x:pull   repository:base:pull,push" })],
  ["a scope letter by letter", v1({ scope: "repository:a+(b|c):pull\\E" })],
  ["a star for all that names are made of", v1({ scope: "repository:team-a/b/c.d_e-0:pull" })],
  ["a star for itself", v1({ scope: "registry:catalog:* repository:team-a/*:pull" })],
  ["dots that are listed as they are", v1({ scope: "repository:up/..x:pull" })],
  ["a resource ID", v1({ managedIdentityClientID: "", managedIdentityResourceID: RESOURCE_ID })],
  ["v1beta2, managed", v2({})],
  ["v1beta2, federated", v2({}, { workloadIdentity: { serviceAccountRef: "default" } })],
  ["v1beta2, another public cloud", v2({ environment: "ChinaCloud" })],
  ["v1beta2, air-gapped", airgapped()],
  [
    "v1beta2, air-gapped by a URL",
    airgapped({ entraAuthorityHost: "https://login.cloud.example" }),
  ],
];

/** What `repository:team-a/*:pull` must not allow, though it begins and ends so. */
const BEYOND_A_STAR: readonly [string, string][] = [
  ["another name after a comma", "repository:team-a/x,../secret:pull"],
  ["two names", "repository:team-a/x,team-b/y:pull"],
  ["the way up", "repository:team-a/../team-b/x:pull"],
  ["the way up in code", "repository:team-a/%2e%2e/team-b/x:pull"],
  ["a query", "repository:team-a/x?y:pull"],
  ["capitals", "repository:team-a/X:pull"],
  ["more than itself", "repository:team-a/x*:pull"],
];

/** A binding, the value and the field that the refusal names, and the list that it points to. */
type Refused = readonly [string, unknown, string, string, keyof Lists];
const REFUSED: readonly Refused[] = [
  [
    "another registry",
    v1({ acrServer: "other.azurecr.io" }),
    "other.azurecr.io",
    "spec.acrServer",
    "registries",
  ],
  ["the default registry", v1({ acrServer: "" }), "default", "spec.acrServer", "registries"],
  [
    "a part of a registry",
    v1({ acrServer: "eam.azurecr.io" }),
    "eam.azurecr.io",
    "spec.acrServer",
    "registries",
  ],
  [
    "a listed registry, and a line more",
    v1({ acrServer: "team.azurecr.io\nx" }),
    "team.azurecr.io\\nx",
    "spec.acrServer",
    "registries",
  ],
  [
    "another identity",
    v1({ managedIdentityClientID: OTHER_ID }),
    OTHER_ID,
    "spec.managedIdentityClientID",
    "identities",
  ],
  [
    "another identity beside a listed one",
    v1({ managedIdentityResourceID: `${RESOURCE_ID}2` }),
    `${RESOURCE_ID}2`,
    "spec.managedIdentityResourceID",
    "identities",
  ],
  [
    "the default identity",
    v1({ managedIdentityClientID: "" }),
    "default",
    "spec.managedIdentityClientID",
    "identities",
  ],
  ["no scope", v1({ scope: "" }), "*", "spec.scope", "scopes"],
  [
    "more of a scope",
    v1({ scope: "repository:team-a/app:pull,push" }),
    "repository:team-a/app:pull,push",
    "spec.scope",
    "scopes",
  ],
  [
    "a scope of another",
    v1({ scope: "repository:team-b/app:pull" }),
    "repository:team-b/app:pull",
    "spec.scope",
    "scopes",
  ],
  [
    "a second scope that is not listed",
    v1({ scope: "repository:team-a/x:pull registry:other:*" }),
    "registry:other:*",
    "spec.scope",
    "scopes",
  ],
  [
    "a star that would reach over a colon",
    v1({ scope: "repository:team-a/x:delete:pull" }),
    "repository:team-a/x:delete:pull",
    "spec.scope",
    "scopes",
  ],
  ...BEYOND_A_STAR.map(([name, scope]): Refused => [
    `a star that would stand for ${name}`,
    v1({ scope }),
    scope,
    "spec.scope",
    "scopes",
  ]),
  [
    "what an entry would stand for as a pattern",
    v1({ scope: "repository:aab:pull\\E" }),
    "repository:aab:pull\\\\E",
    "spec.scope",
    "scopes",
  ],
  [
    "a scope of great length",
    v1({ scope: `repository:${"x".repeat(4000)}:pull` }),
    `repository:${"x".repeat(189)}...`,
    "spec.scope",
    "scopes",
  ],
  [
    "v1beta2, another registry",
    v2({ server: "other.azurecr.io" }),
    "other.azurecr.io",
    "spec.acr.server",
    "registries",
  ],
  [
    "v1beta2, another scope",
    v2({ scope: "repository:x:pull" }),
    "repository:x:pull",
    "spec.acr.scope",
    "scopes",
  ],
  [
    "v1beta2, another identity",
    v2({}, { managedIdentity: { clientID: OTHER_ID } }),
    OTHER_ID,
    "spec.auth.managedIdentity.clientID",
    "identities",
  ],
  [
    "v1beta2, another Entra host",
    airgapped({ entraAuthorityHost: "thief.example" }),
    "thief.example",
    "spec.acr.cloudConfig.entraAuthorityHost",
    "entraAuthorityHosts",
  ],
  [
    "v1beta2, a path under a listed Entra host",
    airgapped({ entraAuthorityHost: "login.cloud.example/thief" }),
    "login.cloud.example/thief",
    "spec.acr.cloudConfig.entraAuthorityHost",
    "entraAuthorityHosts",
  ],
  [
    "v1beta2, another audience",
    airgapped({ resourceManagerAudience: "https://management.cloud.example" }),
    "https://management.cloud.example",
    "spec.acr.cloudConfig.resourceManagerAudience",
    "resourceManagerAudiences",
  ],
];

/** Scopes that a registry could read otherwise than the list. */
const UNSEEN: readonly [string, string, string][] = [
  ["a line break", "repository:team-a/x\ny:pull", "repository:team-a/x\\ny:pull"],
  ["a tab", "repository:team-a/x\ty:pull", "repository:team-a/x\\ty:pull"],
  ["a carriage return", "repository:base:pull,push\r", "repository:base:pull,push\\r"],
  ["a space of another kind", "repository:team-a/x\u00a0y:pull", "repository:team-a/x\u00a0y:pull"],
  ["a space of no width", "repository:team-a/x\u200by:pull", "repository:team-a/x\u200by:pull"],
];

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

withTenants("once installed, nothing may be named until it is listed", async (plane, namespace) => {
  const refusal = notListed(namespace, "team.azurecr.io", "spec.acrServer", "registries");
  await once("it says so", () => tryToCreate(plane, namespace, v1()), refusal);
});

withTenants("to install again leaves what is listed as it is", async (plane, namespace) => {
  await list(plane, namespace, LISTS);
  const { code, stdout } = await deployTo(plane, ["--apply", "--tenant-policy"]);
  assert.equal(code, 0);
  assert.match(stdout, /^unchanged +msi-acrpull-system ConfigMap\/msi-acrpull-tenants$/m);
  await once("the list counts", () => tryToCreate(plane, namespace, v1()));
});

withTenants("without the ConfigMap nothing may be named", async (plane, namespace) => {
  await list(plane, namespace, LISTS);
  await once("the list counts", () => tryToCreate(plane, namespace, v1()));
  await kubectlOk(plane, ["delete", "-n", OPERATOR.namespace, `configmap/${POLICY}`]);
  const refusal =
    /'msi-acrpull-tenants'.*no params found for policy binding with `Deny` parameterNotFoundAction/;
  await once("it is refused", () => tryToCreate(plane, namespace, v1()), refusal);
});

withTenants("without an entry of its namespace a binding is refused", async (plane, namespace) => {
  await list(plane, "elsewhere", LISTS);
  const refusal = notListed(namespace, "team.azurecr.io", "spec.acrServer", "registries");
  await once("it says so", () => tryToCreate(plane, namespace, v1()), refusal);
});

withTenants("what is listed may be named, and nothing else", async (plane, namespace) => {
  await list(plane, namespace, LISTS);
  await once("the list counts", () => tryToCreate(plane, namespace, v1()));
  for (const [name, object] of ALLOWED) {
    const { code, stderr } = await tryToCreate(plane, namespace, object);
    assert.equal(code, 0, `${name}: ${stderr}`);
  }
  for (const [name, object, value, field, key] of REFUSED) {
    const { stderr } = await tryToCreate(plane, namespace, object);
    assert.match(stderr, notListed(namespace, value, field, key), name);
  }
});

withTenants(
  "an air-gapped cloud is refused until both endpoints are listed",
  async (plane, own) => {
    const { registries, identities, scopes } = LISTS;
    await list(plane, own, { registries, identities, scopes });
    await once("the list counts", () => tryToCreate(plane, own, v2({})));
    const { stderr } = await tryToCreate(plane, own, airgapped());
    const field = "spec.acr.cloudConfig.entraAuthorityHost";
    assert.match(stderr, notListed(own, "login.cloud.example", field, "entraAuthorityHosts"));
  },
);

withTenants("no scope holds what cannot be seen, whatever is listed", async (plane, namespace) => {
  await list(plane, namespace, { ...LISTS, scopes: "*" });
  await once("the list counts", () => tryToCreate(plane, namespace, v1({ scope: "" })));
  for (const [name, scope, value] of UNSEEN) {
    for (
      const [object, field] of [[v1({ scope }), "spec.scope"], [v2({ scope }), "spec.acr.scope"]]
    ) {
      const { stderr } = await tryToCreate(plane, namespace, object);
      const refusal = `namespace ${namespace} may not name "${value}" in ${field}: take out tabs`;
      assert.match(stderr, denial(POLICY, refusal), name);
    }
  }
});

withTenants(
  "a thousand entries are judged within what the API server allows",
  async (plane, own) => {
    const named = (index: number) => `repository:team-a/group-${index}`;
    const scopes = Array.from({ length: 1000 }, (_, index) => `${named(index)}/*:pull`);
    await list(plane, own, { ...LISTS, scopes: scopes.join("\n") });
    const asked = Array.from({ length: 10 }, (_, index) => `${named(999 - index)}/app:pull`);
    await once("all are allowed", () => tryToCreate(plane, own, v1({ scope: asked.join(" ") })));
    const other = `${named(1000)}/app:pull`;
    const { stderr } = await tryToCreate(plane, own, v1({ scope: [...asked, other].join(" ") }));
    assert.match(stderr, notListed(own, other, "spec.scope", "scopes"));
  },
);

withTenants("* allows whatever there is", async (plane, namespace) => {
  const names = Object.keys(LISTS) as (keyof Lists)[];
  await list(plane, namespace, Object.fromEntries(names.map((name) => [name, "*"])));
  const nothing = v1({ acrServer: "", managedIdentityClientID: "", scope: "" });
  await once("it is allowed", () => tryToCreate(plane, namespace, nothing));
  const anywhere = airgapped({ entraAuthorityHost: "anywhere.example" });
  assert.equal((await tryToCreate(plane, namespace, anywhere)).stderr, "");
});

withTenants("a binding from before works on and can go", async (plane, namespace) => {
  const binding = "acrpullbinding.msi-acrpull.microsoft.com/pull";
  await list(plane, namespace, LISTS);
  await once("the list counts", () => tryToCreate(plane, namespace, v1()));
  await createAsAdmin(plane, namespace, v1());
  await list(plane, "elsewhere", LISTS);
  const spec = JSON.stringify({ spec: { scope: "repository:team-a/other:pull" } });
  const change = ["patch", "-n", namespace, binding, "--type=merge", "-p", spec];
  const refusal = notListed(namespace, "team.azurecr.io", "spec.acrServer", "registries");
  await once("its spec stays", () => kubectl(plane, [...change, "--dry-run=server"]), refusal);

  const patch = (finalizers: string[]) =>
    patchAsOperator(plane, namespace, binding, { metadata: { finalizers } });
  assert.equal((await patch(["msi-acrpull.microsoft.com"])).code, 0);
  await kubectlOk(plane, ["delete", "--wait=false", "-n", namespace, binding]);
  assert.equal((await patch([])).stderr, "");
  const { stderr } = await kubectl(plane, ["get", "-n", namespace, binding]);
  assert.match(stderr, /NotFound/);
});
