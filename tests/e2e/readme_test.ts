import assert from "node:assert/strict";
import { OperatorRig } from "../suites/operator_rig.ts";
import { codeBlocks, guideSection } from "../suites/guides.ts";
import type { ControlPlane } from "./servers/control_plane.ts";
import { e2e } from "./servers/gate.ts";
import { kubectlOk } from "./servers/kubectl.ts";
import { installCrds, installRbac, OPERATOR } from "./servers/manifests.ts";

const ROOT = new URL("../../", import.meta.url);
const TROUBLE = "deploy/troubleshooting.md";
const FROM_REFERENCE = "From Azure/msi-acrpull, by a change of image";

/** The arguments of a line that calls kubectl, with paths from the root. */
function argumentsOf(line: string): string[] {
  return line.replace(/^\$ /, "").split(" ").slice(1)
    .map((word) => word.startsWith("deploy/") ? new URL(word, ROOT).pathname : word);
}

e2e("README: its first binding becomes ready by its own commands", async (plane) => {
  await installCrds(plane);
  await installRbac(plane);
  await using rig = await OperatorRig.start(plane, { user: OPERATOR.user });
  const inNamespace = ["-n", rig.admin.namespace];
  const binding = guideSection("README.md", "A binding");
  const [manifest] = codeBlocks(binding, "yaml");
  const [apply, wait, get, ...shown] = codeBlocks(binding, "console")[0]!.trimEnd().split("\n");
  await kubectlOk(plane, [...inNamespace, "create", "serviceaccount", "default"]);
  assert.equal(apply, "$ kubectl apply -f binding.yaml");
  await kubectlOk(plane, [...inNamespace, "apply", "-f", "-"], { stdin: manifest! });
  await kubectlOk(plane, [...inNamespace, ...argumentsOf(wait!), "--timeout=20s"]);
  const table = (await kubectlOk(plane, [...inNamespace, ...argumentsOf(get!)])).split("\n");
  const comparable = (line: string) =>
    line.replace(/\d{4}-\d\d-\d\dT[\d:]+Z/, "TIME").trimEnd().split(/ {2,}/);
  assert.deepEqual(table.slice(0, 2).map(comparable), shown.map(comparable));
});

e2e(
  "troubleshooting: a binding deleted while no operator runs hangs, and goes by its command",
  async (plane) => {
    await installCrds(plane);
    await installRbac(plane);
    await using rig = await OperatorRig.start(plane, { user: OPERATOR.user });
    const inNamespace = ["-n", rig.admin.namespace];
    const [manifest] = codeBlocks(guideSection("README.md", "A binding"), "yaml");
    await kubectlOk(plane, [...inNamespace, "create", "serviceaccount", "default"]);
    await kubectlOk(plane, [...inNamespace, "apply", "-f", "-"], { stdin: manifest! });
    const binding = "acrpullbinding/team-registry";
    const wait = ["wait", "--for=condition=Ready", binding, "--timeout=20s"];
    await kubectlOk(plane, [...inNamespace, ...wait]);
    await rig.stopOperator();
    await kubectlOk(plane, [...inNamespace, "delete", binding, "--wait=false"]);
    const get = ["get", binding, "--ignore-not-found", "-o=jsonpath={.metadata.deletionTimestamp}"];
    assert.notEqual(await kubectlOk(plane, [...inNamespace, ...get]), "", "it did not wait");
    const [line] = codeBlocks(guideSection(TROUBLE, "A deletion that hangs"), "sh");
    const args = argumentsOf(line!.trim()).map((word) => word.replaceAll("'", ""));
    await kubectlOk(plane, [...inNamespace, ...args]);
    assert.equal(await kubectlOk(plane, [...inNamespace, ...get]), "");
  },
);

e2e(
  "migrating: the commands by which one comes from the reference, and goes back, work",
  async (plane) => {
    const lines = codeBlocks(guideSection("deploy/migrate.md", FROM_REFERENCE), "sh")
      .flatMap((block) => block.trimEnd().split("\n"));
    assert.ok(lines.length >= 6, lines.join("\n"));
    const chart = { namespace: "acrpull", name: "acrpull", container: "acrpull-controller" };
    const seed = {
      namespace: "msi-acrpull-system",
      name: "msi-acrpull-controller-manager",
      container: "manager",
    };
    for (const deployment of [chart, seed]) await deploy(plane, deployment);
    for (const line of lines.filter((line) => !line.includes(" rollout undo "))) {
      await kubectlOk(plane, argumentsOf(line));
    }
    for (const deployment of [chart, seed]) {
      assert.match(await imageOf(plane, deployment), /^ghcr\.io\/msi-acrpull\/deno:v[\d.]+$/);
      await recordHistory(plane, deployment);
    }
    for (const line of lines.filter((line) => line.includes(" rollout undo "))) {
      await kubectlOk(plane, argumentsOf(line));
    }
    for (const deployment of [chart, seed]) {
      assert.equal(await imageOf(plane, deployment), REFERENCE_IMAGE);
    }
  },
);

interface DeploymentName {
  readonly namespace: string;
  readonly name: string;
  readonly container: string;
}

const REFERENCE_IMAGE = "mcr.microsoft.com/aks/msi-acrpull:v0.1.22";

async function apply(plane: ControlPlane, object: unknown): Promise<void> {
  await kubectlOk(plane, ["apply", "-f", "-"], { stdin: JSON.stringify(object) });
}

/** As the reference is installed, as far as the commands care. */
async function deploy(plane: ControlPlane, deployment: DeploymentName): Promise<void> {
  const { namespace, name } = deployment;
  await apply(plane, { apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } });
  // What the other tests of this file have installed is of the same name.
  await kubectlOk(plane, ["-n", namespace, "delete", "deployment", name, "--ignore-not-found"]);
  await apply(plane, {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name, namespace },
    spec: {
      selector: { matchLabels: { app: name } },
      template: templateOf(deployment, REFERENCE_IMAGE),
    },
  });
}

function templateOf({ name, container }: DeploymentName, image: string) {
  return {
    metadata: { labels: { app: name } },
    spec: { containers: [{ name: container, image, command: ["/manager"] }] },
  };
}

async function imageOf(plane: ControlPlane, { namespace, name }: DeploymentName): Promise<string> {
  return await kubectlOk(plane, [
    "-n",
    namespace,
    "get",
    "deployment",
    name,
    "-o",
    "jsonpath={.spec.template.spec.containers[0].image}",
  ]);
}

/** What the Deployment controller, which does not run here, leaves of each revision. */
async function recordHistory(plane: ControlPlane, deployment: DeploymentName): Promise<void> {
  const { namespace, name } = deployment;
  const path = ["-n", namespace, "get", "deployment", name, "-o", "jsonpath={.metadata.uid}"];
  const uid = await kubectlOk(plane, path);
  const images = [REFERENCE_IMAGE, await imageOf(plane, deployment)];
  for (const [index, image] of images.entries()) {
    const template = templateOf(deployment, image);
    const labels = { ...template.metadata.labels, "pod-template-hash": `${index}` };
    await apply(plane, {
      apiVersion: "apps/v1",
      kind: "ReplicaSet",
      metadata: {
        name: `${name}-${index}`,
        namespace,
        labels,
        annotations: { "deployment.kubernetes.io/revision": `${index + 1}` },
        ownerReferences: [
          { apiVersion: "apps/v1", kind: "Deployment", name, uid, controller: true },
        ],
      },
      spec: {
        replicas: 0,
        selector: { matchLabels: labels },
        template: { ...template, metadata: { labels } },
      },
    });
  }
}
