import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import type { ControlPlane } from "./servers/control_plane.ts";
import { deployTo } from "./servers/deploy_task.ts";
import { e2e } from "./servers/gate.ts";
import { e2eWithHelm, helmOnChart } from "./servers/helm.ts";
import { NAMESPACE, uninstall } from "./servers/installation.ts";
import { kubectlOk } from "./servers/kubectl.ts";
import { denial } from "./servers/policies.ts";
import {
  CLIENT_ID,
  list,
  LISTS,
  once,
  OTHER_ID,
  POLICY,
  RESOURCE_ID,
  tryToCreate,
  v1,
  v2,
} from "./servers/tenant_bindings.ts";

const COMPONENT = fileURLToPath(
  new URL("../../deploy/policies/tenants/policy.yaml", import.meta.url),
);

/** It names a listed resource ID; what the operator's default client ID is, wins over that. */
const OPEN = v1({ managedIdentityClientID: "", managedIdentityResourceID: RESOURCE_ID });

/** None of these is given a default. */
const NOT_OPEN: readonly [string, unknown][] = [
  ["a client ID beside it", v1({ managedIdentityResourceID: RESOURCE_ID })],
  ["a client ID alone", v1()],
  ["v1beta2, which knows no defaults", v2({}, { managedIdentity: { resourceID: RESOURCE_ID } })],
];

function refusal(namespace: string, remedy: string): RegExp {
  return denial(
    POLICY,
    `namespace ${namespace} may not leave spec.managedIdentityClientID open beside ` +
      `"${RESOURCE_ID}" in spec.managedIdentityResourceID: a default client ID of the operator ` +
      "wins over that; name the client ID, or an administrator lists default under key " +
      `${namespace}.identities of ConfigMap ${NAMESPACE}/${POLICY}${remedy}`,
  );
}

const NONE = ", or sets key defaultClientID there to none where the operator has no such default";

async function install(plane: ControlPlane, ...options: string[]): Promise<void> {
  const { code, stderr } = await deployTo(plane, ["--apply", "--tenant-policy", ...options]);
  assert.equal(code, 0, stderr);
}

/** Writes the lists, `operator` among them, and waits until the policy goes by them. */
async function listed(
  plane: ControlPlane,
  namespace: string,
  identities: string,
  operator: Record<string, string> = {},
): Promise<void> {
  const acrServer = `${crypto.randomUUID()}.azurecr.io`;
  const registries = `${LISTS.registries} ${acrServer}`;
  await list(plane, namespace, { ...LISTS, registries, identities }, operator);
  await once("the list counts", () => tryToCreate(plane, namespace, v1({ acrServer })));
}

async function isRefused(plane: ControlPlane, namespace: string, remedy: string): Promise<void> {
  await once(
    "it is refused",
    () => tryToCreate(plane, namespace, OPEN),
    refusal(namespace, remedy),
  );
  for (const [name, binding] of NOT_OPEN) {
    assert.equal((await tryToCreate(plane, namespace, binding)).stderr, "", name);
  }
}

async function isAllowed(plane: ControlPlane, namespace: string): Promise<void> {
  await once("it is allowed", () => tryToCreate(plane, namespace, OPEN));
}

e2e("tenants: a default client ID is named like any other, by default", async (plane) => {
  await install(plane, `--client-id=${OTHER_ID}`);
  const namespace = await plane.createNamespace();
  await listed(plane, namespace, LISTS.identities);
  await isRefused(plane, namespace, "");
  assert.doesNotMatch((await tryToCreate(plane, namespace, OPEN)).stderr, /defaultClientID/);
  for (const entries of [`${LISTS.identities}\tDefault`, "*"]) {
    await listed(plane, namespace, entries);
    assert.equal((await tryToCreate(plane, namespace, OPEN)).stderr, "", entries);
  }
  await listed(plane, namespace, LISTS.identities, { defaultClientID: "none" });
  await isRefused(plane, namespace, "");
  await listed(plane, namespace, `${CLIENT_ID} default`);
  const { stderr } = await tryToCreate(plane, namespace, OPEN);
  assert.match(stderr, /may not name "\/subscriptions\//, "the resource ID has to be listed too");
});

e2e("tenants: without a default client ID a listed resource ID is enough", async (plane) => {
  await install(plane);
  const namespace = await plane.createNamespace();
  await listed(plane, namespace, LISTS.identities);
  await isAllowed(plane, namespace);
  await listed(plane, namespace, LISTS.identities, { defaultClientID: "set" });
  await isRefused(plane, namespace, "");
});

e2e("tenants: the policy alone takes it that there is a default, until told", async (plane) => {
  await install(plane);
  await kubectlOk(plane, ["apply", "--server-side", "--force-conflicts", "-f", COMPONENT]);
  const namespace = await plane.createNamespace();
  await listed(plane, namespace, LISTS.identities);
  await isRefused(plane, namespace, NONE);
  await listed(plane, namespace, LISTS.identities, { defaultClientID: " none\n" });
  await isAllowed(plane, namespace);
  for (const said of ["", "None", "no", "unknown"]) {
    await listed(plane, namespace, LISTS.identities, { defaultClientID: said });
    assert.match(
      (await tryToCreate(plane, namespace, OPEN)).stderr,
      refusal(namespace, NONE),
      said,
    );
  }
});

/** The chart's values, and whether the operator has a default client ID by them. */
const VALUES: readonly [string, boolean][] = [
  [`defaults.managedIdentityClientID=${OTHER_ID}`, true],
  [`extraEnv[0].name=MANAGED_IDENTITY_CLIENT_ID,extraEnv[0].value=${OTHER_ID}`, true],
  [`defaults.managedIdentityResourceID=${RESOURCE_ID}`, false],
];

e2eWithHelm("tenants: the chart's policy knows what its values set as a default", async (plane) => {
  await install(plane, "--force-conflicts");
  await uninstall(plane);
  const namespace = await plane.createNamespace();
  const place = ["--namespace", NAMESPACE, "--set", "policies.tenants.enabled=true"];
  let verb = ["install", "msi-acrpull"];
  let more = ["--create-namespace", "--take-ownership"];
  for (const [values, hasDefault] of VALUES) {
    const { code, stderr } = await helmOnChart(verb, [...place, "--set", values, ...more], plane);
    assert.equal(code, 0, stderr);
    [verb, more] = [["upgrade", "msi-acrpull"], []];
    await listed(plane, namespace, LISTS.identities);
    if (hasDefault) await isRefused(plane, namespace, "");
    else await isAllowed(plane, namespace);
  }
});
