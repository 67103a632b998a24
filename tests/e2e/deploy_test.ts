import assert from "node:assert/strict";
import { relative } from "node:path";
import { fileURLToPath } from "node:url";
import { parseAllDocuments } from "yaml";
import type { Manifest } from "../../deploy/manifests/manifest.ts";
import type { ControlPlane } from "./servers/control_plane.ts";
import { deployTask, deployTo } from "./servers/deploy_task.ts";
import { FIRST_RELEASE } from "./servers/first_release.ts";
import { e2e } from "./servers/gate.ts";
import { kubectl, kubectlOk } from "./servers/kubectl.ts";

const DEPLOY = fileURLToPath(new URL("../../deploy", import.meta.url));
const LATEST = ["-f", `${DEPLOY}/latest/crd.yaml`, "-f", `${DEPLOY}/latest/deploy.yaml`];
const NAMESPACE = "msi-acrpull-system";
const DEPLOYMENT = "deployment/msi-acrpull-controller-manager";

interface PodTemplate {
  spec: {
    template: {
      metadata: { labels: Record<string, string> };
      spec: { containers: { name: string; image: string }[]; [field: string]: unknown };
    };
  };
}

function documents(text: string): Manifest[] {
  return parseAllDocuments(text).map((document) => document.toJS() as Manifest);
}

function identities(manifests: readonly Manifest[]): string[] {
  return manifests.map(({ kind, metadata }) => `${kind}/${metadata.name}`).sort();
}

async function latest(): Promise<Manifest[]> {
  const files = ["crd.yaml", "deploy.yaml"].map((name) => `${DEPLOY}/latest/${name}`);
  return (await Promise.all(files.map(async (file) => documents(await Deno.readTextFile(file)))))
    .flat();
}

async function uninstall(plane: ControlPlane): Promise<void> {
  await kubectlOk(plane, ["delete", "--ignore-not-found", "--wait=false", ...LATEST]);
  // Without a controller-manager nobody finishes the namespace's end.
  await finalizeNamespace(plane);
}

async function finalizeNamespace(plane: ControlPlane): Promise<void> {
  const namespaced = "deployment,networkpolicy,serviceaccount,role,rolebinding";
  await kubectl(plane, ["delete", namespaced, "--all", "-n", NAMESPACE]);
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
  await response.body?.cancel();
}

e2e("deploy/latest is applied by kubectl in one line, and changes nothing again", async (plane) => {
  const first = await kubectlOk(plane, ["apply", "--validate=strict", ...LATEST]);
  const names = await latest();
  assert.equal(first.trim().split("\n").length, names.length);
  assert.match(first, /^deployment\.apps\/msi-acrpull-controller-manager created$/m);
  await kubectlOk(plane, ["wait", "--for=condition=Established", ...LATEST.slice(0, 2)]);
  const again = await kubectlOk(plane, ["apply", "--validate=strict", ...LATEST]);
  assert.deepEqual(
    again.trim().split("\n").filter((line) => !line.endsWith(" unchanged")),
    [],
  );
  await uninstall(plane);
});

e2e("deploy/latest takes over an installation of the first release", async (plane) => {
  await kubectlOk(plane, ["apply", "-f", "-"], { stdin: FIRST_RELEASE });
  await kubectlOk(plane, ["apply", "--validate=strict", ...LATEST]);
  const get = async (what: string) =>
    JSON.parse(await kubectlOk(plane, ["get", "-n", NAMESPACE, what, "-o=json"]));
  const { spec } = await get(DEPLOYMENT) as PodTemplate;
  assert.deepEqual(spec.template.spec.containers.map(({ name }) => name), ["manager"]);
  assert.equal(spec.template.spec.serviceAccountName, "msi-acrpull-controller-manager");
  for (
    const binding of [
      "clusterrolebinding/msi-acrpull-manager-rolebinding",
      "rolebinding/msi-acrpull-leader-election-rolebinding",
    ]
  ) {
    const { subjects } = await get(binding) as { subjects: { name: string }[] };
    assert.deepEqual(subjects.map(({ name }) => name), ["msi-acrpull-controller-manager"]);
  }
  await uninstall(plane);
});

e2e("--apply says of each object what became of it, and --diff what would", async (plane) => {
  const all = await latest();
  const created = await deployTo(plane, ["--apply"]);
  assert.equal(created.code, 0, created.stderr);
  const lines = created.stdout.trim().split("\n");
  assert.equal(lines.at(-1), `${all.length} created, 0 changed, 0 unchanged`);
  assert.deepEqual(
    new Set(lines.slice(0, -1).map((line) => line.split(" ")[0])),
    new Set(["created"]),
  );

  const same = await deployTo(plane, ["--apply"]);
  assert.match(same.stdout, new RegExp(`^0 created, 0 changed, ${all.length} unchanged$`, "m"));
  assert.deepEqual(await deployTo(plane, ["--diff"]), { code: 0, stdout: "", stderr: "" });

  const { code, stdout } = await deployTo(plane, ["--diff", "--replicas=3"]);
  assert.equal(code, 1);
  assert.match(stdout, /^msi-acrpull-system Deployment\/msi-acrpull-controller-manager$/m);
  assert.deepEqual(stdout.split("\n").filter((line) => /^[-+] /.test(line)), [
    "-   replicas: 2",
    "+   replicas: 3",
  ]);

  const changed = await deployTo(plane, ["--apply", "--replicas=3"]);
  assert.match(
    changed.stdout,
    /^changed +msi-acrpull-system Deployment\/msi-acrpull-controller-manager$/m,
  );
  assert.match(
    changed.stdout,
    new RegExp(`^0 created, 1 changed, ${all.length - 1} unchanged$`, "m"),
  );
  await uninstall(plane);
});

e2e("--diff on an empty cluster shows all and writes nothing", async (plane) => {
  const { code, stdout } = await deployTo(plane, ["--diff", "--namespace=nowhere"]);
  assert.equal(code, 1);
  assert.match(stdout, /^nowhere Deployment\/msi-acrpull-controller-manager$/m);
  const { stderr } = await kubectl(plane, ["get", "namespace", "nowhere"]);
  assert.match(stderr, /NotFound/);
});

e2e("--apply goes on from what kubectl applied", async (plane) => {
  await kubectlOk(plane, ["apply", ...LATEST]);
  const { code, stdout, stderr } = await deployTo(plane, ["--apply", "--tenant-policy"]);
  assert.equal(code, 0, stderr);
  assert.match(stdout, /^2 created, /m);
  const compared = await deployTo(plane, ["--diff", "--tenant-policy"]);
  assert.equal(compared.stdout, "");
  await uninstall(plane);
  const kinds = "validatingadmissionpolicy,validatingadmissionpolicybinding";
  await kubectlOk(plane, ["delete", kinds, "msi-acrpull-tenants"]);
});

e2e("--apply leaves a field that another has set, unless told otherwise", async (plane) => {
  await deployTo(plane, ["--apply"]);
  await kubectlOk(plane, ["scale", "-n", NAMESPACE, DEPLOYMENT, "--replicas=5"]);
  const refused = await deployTo(plane, ["--apply"]);
  assert.equal(refused.code, 1);
  assert.match(refused.stderr, /conflict with "kubectl".*\.spec\.replicas/s);
  const forced = await deployTo(plane, ["--apply", "--force-conflicts"]);
  assert.equal(forced.code, 0, forced.stderr);
  assert.match(forced.stdout, /^0 created, 1 changed, /m);
  await uninstall(plane);
});

e2e("what -o - prints is what kubectl applies", async (plane) => {
  const printed = await deployTask(["-o", "-", "--image=registry.example/manager:1"]);
  assert.equal(printed.code, 0, printed.stderr);
  await kubectlOk(plane, ["apply", "--validate=strict", "-f", "-"], { stdin: printed.stdout });
  const { spec } = JSON.parse(
    await kubectlOk(plane, ["get", "-n", NAMESPACE, DEPLOYMENT, "-o=json"]),
  ) as PodTemplate;
  assert.equal(spec.template.spec.containers[0]!.image, "registry.example/manager:1");
  await uninstall(plane);
});

e2e("kustomize builds deploy into deploy/latest", async (plane) => {
  const base = documents(await kubectlOk(plane, ["kustomize", DEPLOY]));
  const expected = await latest();
  assert.deepEqual(identities(base), identities(expected));
  for (const manifest of expected) {
    const { kind, metadata } = manifest;
    const built = base.find((other) =>
      other.kind === kind && other.metadata.name === metadata.name
    );
    assert.deepEqual(built, manifest);
  }
});

e2e("an overlay changes image and replicas, and takes in the policy for tenants", async (plane) => {
  const directory = await Deno.makeTempDir();
  try {
    await Deno.writeTextFile(
      `${directory}/kustomization.yaml`,
      JSON.stringify({
        resources: [relative(directory, DEPLOY)],
        components: [relative(directory, `${DEPLOY}/policies/tenants`)],
        images: [{
          name: "ghcr.io/msi-acrpull/deno",
          newName: "mirror.example/acrpull",
          newTag: "7",
        }],
        replicas: [{ name: "msi-acrpull-controller-manager", count: 1 }],
      }),
    );
    const built = documents(await kubectlOk(plane, ["kustomize", directory]));
    const deployment = built.find(({ kind }) => kind === "Deployment") as unknown as
      & PodTemplate
      & { spec: { replicas: number } };
    assert.equal(deployment.spec.replicas, 1);
    assert.equal(deployment.spec.template.spec.containers[0]!.image, "mirror.example/acrpull:7");
    assert.ok(identities(built).includes("ValidatingAdmissionPolicy/msi-acrpull-tenants"));
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});

e2e(
  "Pod Security restricted admits the operator's pod, and none with privileges",
  async (plane) => {
    await kubectlOk(plane, ["apply", ...LATEST]);
    const { spec } = JSON.parse(
      await kubectlOk(plane, ["get", "-n", NAMESPACE, DEPLOYMENT, "-o=json"]),
    ) as PodTemplate;
    const { metadata, spec: pod } = spec.template;
    const create = (podSpec: unknown) =>
      kubectl(plane, ["create", "-n", NAMESPACE, "--dry-run=server", "-f", "-"], {
        stdin: JSON.stringify({
          apiVersion: "v1",
          kind: "Pod",
          metadata: { name: "manager", ...metadata },
          spec: podSpec,
        }),
      });
    assert.deepEqual(await create(pod), {
      code: 0,
      stdout: "pod/manager created (server dry run)\n",
      stderr: "",
    });
    const refused = await create({ ...pod, hostNetwork: true });
    assert.match(refused.stderr, /violates PodSecurity "restricted:latest": host namespaces/);
    await uninstall(plane);
  },
);
