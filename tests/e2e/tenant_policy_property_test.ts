import assert from "node:assert/strict";
import fc from "fast-check";
import type { AcrPullBinding as V1beta1 } from "../../src/api/v1beta1.ts";
import type { AcrPullBinding as V1beta2 } from "../../src/api/v1beta2.ts";
import type { BindingSettings } from "../../src/controller/binding/settings.ts";
import type { CredentialSpec } from "../../src/controller/binding/view.ts";
import type { Stored } from "../../src/kubernetes/resources/resource_client.ts";
import { eventually } from "../suites/eventually.ts";
import type { ControlPlane } from "./servers/control_plane.ts";
import { deployTo } from "./servers/deploy_task.ts";
import { e2e } from "./servers/gate.ts";
import { kubectlOk } from "./servers/kubectl.ts";
import { list, type Lists, once, RESOURCE_ID, tryToCreate, v1 } from "./servers/tenant_bindings.ts";
import { Judge } from "./servers/tenant_judge.ts";
import { BINDINGS, LISTED, OWN_SCOPE, settings } from "./servers/tenant_samples.ts";
import { viewOfV1beta1, viewOfV1beta2 } from "../unit/controller/views.ts";

type Binding = { readonly apiVersion: string };

function isV1beta1({ apiVersion }: Binding): boolean {
  return apiVersion.startsWith("msi-acrpull.microsoft.com/");
}

/** What the operator would ask Azure for on behalf of an admitted binding, if anything. */
function reached(binding: Binding, operator: BindingSettings): CredentialSpec {
  try {
    return isV1beta1(binding)
      ? viewOfV1beta1(binding as Stored<V1beta1>, operator).credential
      : viewOfV1beta2(binding as Stored<V1beta2>, operator).credential;
  } catch (error) {
    // What lacks required parts, under a CRD that lets it in: the reconciler keeps it to itself.
    return { kind: "invalid", message: String(error) };
  }
}

async function install(plane: ControlPlane, withClientId: boolean): Promise<void> {
  const { defaults } = settings(withClientId);
  const options = [
    `--acr-server=${defaults.acrServer}`,
    `--resource-id=${defaults.managedIdentityResourceID}`,
    ...(withClientId ? [`--client-id=${defaults.managedIdentityClientID}`] : []),
  ];
  const { code, stderr } = await deployTo(plane, ["--apply", "--tenant-policy", ...options]);
  assert.equal(code, 0, stderr);
}

/** The binding as the API server would store it, or undefined where it is refused. */
async function admitted(
  plane: ControlPlane,
  namespace: string,
  binding: Binding,
): Promise<Binding | undefined> {
  const place = `/apis/${binding.apiVersion}/namespaces/${namespace}/acrpullbindings`;
  const response = await plane.adminFetch(`${place}?dryRun=All`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(binding),
  });
  const answer = await response.json();
  return response.status === 201 ? answer : undefined;
}

/** Writes the lists, and waits until the policy goes by them: by an identity that only they name. */
async function listed(
  plane: ControlPlane,
  namespace: string,
  lists: Partial<Lists>,
): Promise<void> {
  const marker = crypto.randomUUID();
  await list(plane, namespace, { ...lists, identities: `${lists.identities} ${marker}` });
  const binding = v1({ acrServer: "kiosk.azurecr.io", managedIdentityClientID: marker });
  await once("the list counts", async () => {
    const result = await tryToCreate(plane, namespace, binding);
    return { ...result, code: /in spec\.managedIdentityClientID/.test(result.stderr) ? 1 : 0 };
  });
}

/** Waits until the policy is the one that knows of a default client ID, or of none. */
async function knows(plane: ControlPlane, namespace: string, withClientId: boolean): Promise<void> {
  await listed(plane, namespace, LISTED[0]!);
  const open = { managedIdentityClientID: "", managedIdentityResourceID: RESOURCE_ID };
  const binding = v1({ acrServer: "kiosk.azurecr.io", scope: OWN_SCOPE, ...open });
  await eventually("the policy is that of the options", async () => {
    const { code } = await tryToCreate(plane, namespace, binding);
    return (code === 0) !== withClientId || undefined;
  });
}

/** Takes out of both CRDs whatever keeps a spec from being any object. */
async function loosenCrds(plane: ControlPlane, namespace: string): Promise<void> {
  for (const group of ["msi-acrpull.microsoft.com", "acrpull.microsoft.com"]) {
    const crd = JSON.parse(
      await kubectlOk(plane, ["get", `crd/acrpullbindings.${group}`, "-o=json"]),
    );
    const schema = crd.spec.versions[0].schema.openAPIV3Schema.properties;
    schema.spec = { type: "object", "x-kubernetes-preserve-unknown-fields": true };
    await kubectlOk(plane, ["replace", "-f", "-"], { stdin: JSON.stringify(crd) });
  }
  await listed(plane, namespace, { registries: "*", identities: "workload-identity", scopes: "*" });
  const apiVersion = "acrpull.microsoft.com/v1beta2";
  const unknown = { ...v1(), apiVersion, spec: { auth: { workloadIdentity: {} }, unknown: true } };
  await eventually("the CRDs let in any spec", async () => {
    const kept = await admitted(plane, namespace, unknown) as typeof unknown | undefined;
    return kept?.spec.unknown || undefined;
  });
}

/** Sends bindings of all sorts, and compares what the admitted ones reach with what is listed. */
async function holds(plane: ControlPlane, namespace: string, withClientId: boolean): Promise<void> {
  const operator = settings(withClientId);
  let served = 0;
  for (const [seed, lists] of LISTED.entries()) {
    await listed(plane, namespace, lists);
    const judge = new Judge(lists, operator);
    for (const binding of fc.sample(BINDINGS, { numRuns: 300, seed })) {
      const stored = await admitted(plane, namespace, binding);
      if (stored === undefined) continue;
      const credential = reached(stored, operator);
      if (credential.kind === "invalid") continue;
      served += 1;
      assert.ok(
        judge.allows(credential, isV1beta1(stored)),
        JSON.stringify([lists, binding, credential]),
      );
    }
  }
  assert.ok(served >= 60, `only ${served} bindings were admitted and sound`);
}

for (const withClientId of [true, false]) {
  const which = withClientId ? "with" : "without";
  e2e(
    `tenants: no binding reaches what is not listed, ${which} a default client ID`,
    async (plane) => {
      await install(plane, withClientId);
      const namespace = await plane.createNamespace();
      await knows(plane, namespace, withClientId);
      await holds(plane, namespace, withClientId);
    },
  );
}

// The last: it leaves CRDs that hold nothing.
e2e("tenants: no binding reaches what is not listed, under CRDs without rules", async (plane) => {
  await install(plane, true);
  const namespace = await plane.createNamespace();
  await knows(plane, namespace, true);
  await loosenCrds(plane, namespace);
  await holds(plane, namespace, true);
});
