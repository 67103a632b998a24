import assert from "node:assert/strict";
import { eventually } from "../suites/eventually.ts";
import { OperatorRig } from "../suites/operator_rig.ts";
import { V1 } from "../suites/v1beta1_objects.ts";
import { V2 } from "../suites/v1beta2_objects.ts";
import type { ControlPlane } from "./servers/control_plane.ts";
import { e2e } from "./servers/gate.ts";
import { runGuide, runShell } from "./servers/guide.ts";
import { haveHelm, lackOfHelm } from "./servers/helm.ts";
import { LATEST, NAMESPACE, uninstall } from "./servers/installation.ts";
import { kubectl, kubectlOk } from "./servers/kubectl.ts";
import { needing } from "../suites/needing.ts";

const CRDS = [
  "acrpullbindings.acrpull.microsoft.com",
  "acrpullbindings.msi-acrpull.microsoft.com",
];

function userIn(namespace: string): string {
  return `system:serviceaccount:${namespace}:msi-acrpull-controller-manager`;
}

/** Waits until the operator's account in `namespace` has its rights, and its former one has none. */
async function untilRightsAre(plane: ControlPlane, namespace: string): Promise<void> {
  const can = async (action: string[]) => {
    const result = await kubectl(plane, ["auth", "can-i", ...action], { user: userIn(namespace) });
    return result.stdout === "yes\n";
  };
  await eventually("the rules have effect", async () =>
    await can(["create", "events", "-A"]) &&
      await can(["create", "leases.coordination.k8s.io", "-n", namespace]) || undefined);
}

/** Bindings of both APIs, with their credentials, whose operator has stopped. */
async function settledBindings(plane: ControlPlane, namespace: string): Promise<OperatorRig> {
  await untilRightsAre(plane, namespace);
  const rig = await OperatorRig.start(plane, { user: userIn(namespace) });
  const v1 = new V1(rig);
  const v2 = new V2(rig, "second");
  await v1.establish();
  await v2.createBinding();
  await v2.ready();
  await rig.stopOperator();
  return rig;
}

/**
 * Moves the installation, and then lets the operator of `namespace` work, as what the new
 * installation allows it: it finds nothing to do with the old bindings, and serves a new one.
 */
async function survives(
  plane: ControlPlane,
  rig: OperatorRig,
  namespace: string,
  move: () => Promise<unknown>,
): Promise<void> {
  const before = await rig.resourceVersions();
  assert.equal(Object.keys(before).length, 5, "two bindings, two Secrets, an account");
  await move();
  assert.deepEqual(await rig.resourceVersions(), before);
  await untilRightsAre(plane, namespace);
  await using next = await OperatorRig.start(plane, { user: userIn(namespace) });
  await next.inStep();
  await new V1(next).establish();
  await new V2(next, "second").createBinding();
  await new V2(next, "second").ready();
  assert.deepEqual(await rig.resourceVersions(), before);
}

async function marksOnCrds(plane: ControlPlane): Promise<string> {
  const path = "-o=jsonpath={.items[*].metadata['annotations','labels']}";
  return await kubectlOk(plane, ["get", "crd", ...CRDS, path]);
}

function withHelm(name: string, test: (plane: ControlPlane) => Promise<void>): void {
  if (haveHelm()) e2e(name, test);
  else Deno.test({ ...needing(name, lackOfHelm()), fn: () => {} });
}

withHelm("CRDs that are there stay whose they are with crds.install=false", async (plane) => {
  const install = (release: string, ...more: string[]) =>
    runShell(plane, ["helm install", release, "deploy/helm -n", NAMESPACE, ...more].join(" "));
  const uninstalled = (release: string) =>
    runShell(plane, `helm uninstall ${release} --namespace ${NAMESPACE}`);
  const first = await install("msi-acrpull", "--create-namespace");
  assert.equal(first.code, 0, first.stderr);
  await uninstalled("msi-acrpull");
  const refused = await install("beside");
  assert.match(refused.stderr, /CustomResourceDefinition .* cannot be imported/);
  const beside = await install("beside", "--set crds.install=false");
  assert.equal(beside.code, 0, beside.stderr);
  assert.match(await marksOnCrds(plane), /"meta\.helm\.sh\/release-name":"msi-acrpull"/);
  await uninstalled("beside");
  await kubectlOk(plane, ["delete", "crd", ...CRDS]);
});

withHelm("bindings survive each way of the guide from kubectl to Helm and back", async (plane) => {
  await kubectlOk(plane, ["apply", ...LATEST]);
  await using rig = await settledBindings(plane, NAMESPACE);
  await survives(plane, rig, NAMESPACE, () => runGuide(plane, "kubectl-to-helm"));
  assert.match(await marksOnCrds(plane), /"meta\.helm\.sh\/release-name":"msi-acrpull"/);

  const release = `msi-acrpull deploy/helm --namespace ${NAMESPACE}`;
  const unkept = await runShell(plane, `helm upgrade ${release} --set crds.keep=false`);
  assert.equal(unkept.code, 0, unkept.stderr);
  await survives(plane, rig, NAMESPACE, () => runGuide(plane, "helm-to-kubectl"));
  assert.doesNotMatch(await marksOnCrds(plane), /helm/i);

  // What kubectl left of its own marks does not keep Helm away a second time.
  await runGuide(plane, "kubectl-to-helm");
  await survives(plane, rig, "acr-access", () => runGuide(plane, "helm-to-helm"));
  const removed = await runShell(plane, "helm uninstall acr-access --namespace acr-access");
  assert.equal(removed.code, 0, removed.stderr);
  await uninstall(plane);
});
