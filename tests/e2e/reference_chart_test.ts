import assert from "node:assert/strict";
import { eventually } from "../suites/eventually.ts";
import { OperatorRig } from "../suites/operator_rig.ts";
import { settled } from "../suites/settled.ts";
import { served } from "../suites/takeover.ts";
import { V1 } from "../suites/v1beta1_objects.ts";
import { V2 } from "../suites/v1beta2_objects.ts";
import type { ControlPlane } from "./servers/control_plane.ts";
import { e2e } from "./servers/gate.ts";
import { guideBlock, runGuide, runShell } from "./servers/guide.ts";
import { haveHelm, helm, lackOfHelm } from "./servers/helm.ts";
import { finalizeNamespace, LATEST, uninstall } from "./servers/installation.ts";
import { kubectl, kubectlOk } from "./servers/kubectl.ts";
import { OPERATOR } from "./servers/manifests.ts";
import { installMonitorCrds } from "./servers/monitor_crds.ts";
import { REFERENCE_USER } from "./servers/reference_chart.ts";
import { writeReferenceChart } from "./servers/reference_release.ts";
import { needing } from "../suites/needing.ts";

/** Neither the chart's name nor its namespace, so that only the objects tell of it. */
const RELEASE = "pull-secrets";
const RELEASE_NAMESPACE = "default";
const OLD = "acrpull";
const CRDS = [
  "acrpullbindings.acrpull.microsoft.com",
  "acrpullbindings.msi-acrpull.microsoft.com",
];
const EVERYTHING = "deployments,pods,configmaps,secrets,serviceaccounts,roles,rolebindings," +
  "leases,podmonitors";

/** A release of the reference's chart, and bindings of both APIs that its operator has served. */
interface World {
  readonly plane: ControlPlane;
  readonly rig: OperatorRig;
  /** The file with all objects of the chart. */
  readonly template: string;
}

function withReference(name: string, test: (world: World) => Promise<void>): void {
  const run = async (plane: ControlPlane) => {
    const directory = await Deno.makeTempDir({ prefix: "msi-acrpull-reference-" });
    try {
      const template = await writeReferenceChart(directory);
      await installMonitorCrds(plane);
      const { code, stderr } = await helm(["install", RELEASE, directory], plane);
      assert.equal(code, 0, stderr);
      await using rig = await settledBindings(plane);
      await test({ plane, rig, template });
    } finally {
      await Deno.remove(directory, { recursive: true });
    }
  };
  if (haveHelm()) e2e(name, run);
  else Deno.test({ ...needing(name, lackOfHelm()), fn: () => {} });
}

async function untilMay(plane: ControlPlane, user: string, action: string[]): Promise<void> {
  await eventually(`${user} may ${action.join(" ")}`, async () => {
    const { stdout } = await kubectl(plane, ["auth", "can-i", ...action], { user });
    return stdout === "yes\n" || undefined;
  });
}

/** Bindings that the operator has served with the chart's rights, before it stopped. */
async function settledBindings(plane: ControlPlane): Promise<OperatorRig> {
  await untilMay(plane, REFERENCE_USER, ["create", "secrets", "-A"]);
  const rig = await OperatorRig.start(plane, { user: REFERENCE_USER });
  const [v1, v2] = [new V1(rig), new V2(rig, "second")];
  await v1.createAccount("default");
  await v1.createBinding();
  await v2.createBinding();
  await served(v1);
  await served(v2);
  await rig.stopOperator();
  return rig;
}

/** The part of the guide's block for the other way that installs with kubectl. */
async function installByKubectl(plane: ControlPlane): Promise<void> {
  const block = guideBlock("helm-to-kubectl");
  const { code, stderr } = await runShell(plane, block.slice(block.indexOf("kubectl apply")));
  assert.equal(code, 0, stderr);
}

/** Runs the guide's block while a pod of the old operator takes its time to end. */
async function leave(plane: ControlPlane): Promise<void> {
  await kubectlOk(plane, ["create", "-f", "-"], { stdin: JSON.stringify(oldPod()) });
  const names = (kinds: string) => kubectlOk(plane, ["get", kinds, "-n", OLD, "-o=name"]);
  const collect = async () => {
    await eventually(
      "the Deployment is deleted",
      async () => await names("deployments") === "" || undefined,
      60_000,
    );
    const waiting = await settled(() => names("serviceaccounts,roles"));
    assert.equal(
      waiting,
      "serviceaccount/acrpull\nrole.rbac.authorization.k8s.io/acrpull-controller-leader-election\n",
      "the old operator still runs",
    );
    await kubectlOk(plane, ["delete", "pod", "--all", "-n", OLD]);
  };
  await Promise.all([runGuide(plane, "leave-reference-chart"), collect()]);
}

/** As of the Deployment; without a node it is gone as soon as it is deleted. */
function oldPod() {
  const containers = [{ name: "acrpull-controller", image: "registry.example/acrpull:v0.1.4" }];
  const labels = { "app.kubernetes.io/name": "acrpull" };
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: "acrpull-0", namespace: OLD, labels },
    spec: { containers },
  };
}

/** What remains of the chart is what must, and Helm knows nothing of its release. */
async function assertLeft({ plane, template }: World): Promise<void> {
  const left = await kubectlOk(plane, ["get", "-f", template, "--ignore-not-found", "-o=name"]);
  assert.deepEqual(left.trim().split("\n").sort(), [
    ...CRDS.map((name) => `customresourcedefinition.apiextensions.k8s.io/${name}`),
    `namespace/${OLD}`,
  ]);
  assert.equal(await kubectlOk(plane, ["get", EVERYTHING, "-n", OLD, "-o=name"]), "");
  const { stdout } = await helm(["list", "--all-namespaces", "--short"], plane);
  assert.doesNotMatch(stdout, new RegExp(RELEASE));
}

/** Both CRDs define what those of deploy/latest do, and nothing of the reference besides. */
async function assertOurCrds(plane: ControlPlane): Promise<void> {
  const line = "{.metadata.name} {.spec}{'\\n'}";
  const lines = (text: string) => text.trim().split("\n").sort();
  const all = `-o=jsonpath={range .items[*]}${line}{end}`;
  const present = await kubectlOk(plane, ["get", "crd", ...CRDS, all]);
  const replace = ["replace", "--dry-run=server", ...LATEST.slice(0, 2), `-o=jsonpath=${line}`];
  assert.deepEqual(lines(present), lines(await kubectlOk(plane, replace)));
}

/** The next operator has its rights, leaves credentials as they are, and serves old and new. */
async function assertServed({ plane, rig }: World): Promise<void> {
  const before = await credentials(rig);
  assert.equal(Object.keys(before).length, 3, "two Secrets and an account");
  await untilMay(plane, OPERATOR.user, ["create", "events", "-A"]);
  await using next = await OperatorRig.start(plane, { user: OPERATOR.user });
  await new V1(rig).ready();
  await new V2(rig, "second").ready();
  await new V1(next).establish();
  const second = new V2(next, "second");
  await second.createBinding();
  await second.ready();
  assert.deepEqual(await credentials(rig), before);
}

async function credentials(rig: OperatorRig): Promise<Record<string, string>> {
  const versions = Object.entries(await rig.resourceVersions());
  return Object.fromEntries(versions.filter(([object]) => object.startsWith("v1/")));
}

/** Without a controller-manager nobody else finishes the old namespace's end. */
async function removeAll(plane: ControlPlane): Promise<void> {
  await uninstall(plane);
  await kubectlOk(plane, ["delete", "namespace", OLD, "--wait=false"]);
  await finalizeNamespace(plane, OLD);
}

withReference("bindings survive the way from the reference's chart to Helm", async (world) => {
  const { plane, rig } = world;
  const before = await rig.resourceVersions();
  assert.equal(Object.keys(before).length, 5, "two bindings, two Secrets, an account");
  await leave(plane);
  await assertLeft(world);
  await runGuide(plane, "reference-chart-to-helm");
  assert.deepEqual(await rig.resourceVersions(), before);
  await assertOurCrds(plane);
  await assertServed(world);
  const kept = await helm(["uninstall", "msi-acrpull", "-n", OPERATOR.namespace], plane);
  assert.match(kept.stdout, /kept due to the resource policy/);
  await rig.admin.clear();
  await removeAll(plane);
});

withReference("bindings survive the way from the reference's chart to kubectl", async (world) => {
  const { plane, rig } = world;
  // As README has it for those who have only changed the image.
  await kubectlOk(plane, [
    ...["apply", "--server-side", "--force-conflicts"],
    ...LATEST.slice(0, 2),
  ]);
  const before = await rig.resourceVersions();
  await leave(plane);
  await assertLeft(world);
  await installByKubectl(plane);
  assert.deepEqual(await rig.resourceVersions(), before);
  await assertOurCrds(plane);
  const marks = "-o=jsonpath={.items[*].metadata['annotations','labels']}";
  assert.doesNotMatch(await kubectlOk(plane, ["get", "crd", ...CRDS, marks]), /helm/i);
  await assertServed(world);
  await rig.admin.clear();
  await removeAll(plane);
});

// What the guide warns of.
withReference(
  "uninstalling the reference's chart deletes every binding",
  async ({ plane, rig }) => {
    const keep = ["annotate", "crd", ...CRDS, "helm.sh/resource-policy=keep"];
    await kubectlOk(plane, keep);
    const { code, stderr } = await helm(["uninstall", RELEASE, "-n", RELEASE_NAMESPACE], plane);
    assert.equal(code, 0, stderr);
    const ending = async (what: string[]) => {
      const path = "jsonpath={range .items[*]}{.metadata.deletionTimestamp}{' '}{end}";
      const times = await kubectlOk(plane, ["get", ...what, `-o=${path}`]);
      return times.trim().split(" ").filter((time) => time !== "").length;
    };
    await eventually("CRDs and bindings are being deleted", async () => {
      const bindings = await ending([CRDS.join(","), "-A"]);
      return await ending(["crd", ...CRDS]) === 2 && bindings === 2 || undefined;
    }, 30_000);
    assert.equal(await ending(["namespace", OLD, "default"]), 1);
    await runGuide(plane, "release-bindings");
    await eventually("they are gone", async () => {
      const names = await kubectlOk(plane, ["get", "crds", "-o=name"]);
      return !CRDS.some((name) => names.includes(name)) || undefined;
    }, 30_000);
    assert.deepEqual(await rig.admin.bindings(), []);
  },
);
