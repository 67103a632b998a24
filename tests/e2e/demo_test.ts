import assert from "node:assert/strict";
import { type ChildResult, DemoChild } from "../demo/child.ts";
import type { ControlPlane } from "./servers/control_plane.ts";
import { eventually } from "../suites/eventually.ts";
import { e2e } from "./servers/gate.ts";
import { kubectl, kubectlOk } from "./servers/kubectl.ts";
import { installCrds } from "./servers/manifests.ts";

const NAMESPACE = "msi-acrpull-demo";
const BINDING = {
  apiVersion: "msi-acrpull.microsoft.com/v1beta1",
  kind: "AcrPullBinding",
  metadata: { name: "theirs" },
  spec: {
    acrServer: "example.azurecr.io",
    managedIdentityClientID: "1b461305-28be-5271-beda-bd9fd2e24251",
  },
};

e2e("demo --once --kubeconfig installs all that it needs, and takes it back", async (plane) => {
  const { code, stdout, stderr } = await demo(plane);
  assert.equal(code, 0, stdout + stderr);
  assert.ok(stdout.startsWith(`Server: ${plane.url} (kubeconfig `), stdout);
  assert.match(stdout, /There the demo will:\n {2}- install, and remove at the end: CRD acrpull/);
  assert.match(stdout, /s {2}every token is refreshed, each in the same Secret\n/);
  assert.match(stdout, /s {2}bindings, Secrets and references are gone\n/);
  await eventually("both CRDs are gone", async () => {
    const { stdout } = await kubectl(plane, ["get", "crds", "-o", "name"]);
    return stdout.includes("acrpullbindings") ? undefined : true;
  });
  assert.equal(await kubectlOk(plane, ["get", "secrets", "-A", "-o", "name"]), "");
  assert.notEqual(await deletionTime(plane), "");
  await finishDeletion(plane);
});

e2e("demo --kubeconfig touches neither CRDs nor bindings that are there", async (plane) => {
  await installCrds(plane);
  const namespace = await plane.createNamespace();
  const stdin = JSON.stringify(BINDING);
  await kubectlOk(plane, ["create", "-n", namespace, "-f", "-"], { stdin });
  const before = await world(plane);
  const { code, stdout, stderr } = await demo(plane);
  assert.equal(code, 0, stdout + stderr);
  assert.match(stdout, /- use the AcrPullBinding CRDs as they are\n/);
  assert.match(stdout, /- leave your own 1 bindings alone\n/);
  assert.deepEqual(await world(plane), before);
  await finishDeletion(plane);
});

function demo(plane: ControlPlane): Promise<ChildResult> {
  return new DemoChild(["--once", "--kubeconfig", plane.adminKubeconfig.path]).ended();
}

/** Everything that the demo might touch, with its version. */
async function world(plane: ControlPlane): Promise<string[]> {
  const resources = [
    "customresourcedefinitions",
    "acrpullbindings.msi-acrpull.microsoft.com",
    "acrpullbindings.acrpull.microsoft.com",
    "secrets",
  ];
  const template =
    "{range .items[*]}{.kind} {.metadata.name} {.metadata.uid} {.metadata.generation}" +
    " {.metadata.labels} {.metadata.finalizers} {.status.error}{'\\n'}{end}";
  return await Promise.all(
    resources.map((resource) =>
      kubectlOk(plane, ["get", resource, "-A", "-o", `jsonpath=${template}`])
    ),
  );
}

function deletionTime(plane: ControlPlane): Promise<string> {
  const path = "jsonpath={.metadata.deletionTimestamp}";
  return kubectlOk(plane, ["get", "namespace", NAMESPACE, "-o", path]);
}

/** Lets the deleted namespace go, for no controller of this control plane does. */
async function finishDeletion(plane: ControlPlane): Promise<void> {
  assert.notEqual(await deletionTime(plane), "");
  const response = await plane.adminFetch(`/api/v1/namespaces/${NAMESPACE}/finalize`, {
    method: "PUT",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({
      apiVersion: "v1",
      kind: "Namespace",
      metadata: { name: NAMESPACE },
      spec: { finalizers: [] },
    }),
  });
  assert.equal(response.status, 200, await response.text());
}
