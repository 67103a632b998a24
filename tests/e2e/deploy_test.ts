import assert from "node:assert/strict";
import { relative } from "node:path";
import { permissionFlags } from "../../deploy/executable/permissions.ts";
import type { Manifest } from "../../deploy/manifests/manifest.ts";
import { deployTask } from "./servers/deploy_task.ts";
import { FIRST_RELEASE } from "./servers/first_release.ts";
import { e2e } from "./servers/gate.ts";
import { guideBlock, runGuide, runShell } from "./servers/guide.ts";
import {
  DEPLOY,
  DEPLOYMENT,
  documents,
  LATEST,
  latest,
  NAMESPACE,
  type PodTemplate,
  uninstall,
} from "./servers/installation.ts";
import { kubectl, kubectlOk } from "./servers/kubectl.ts";

function identities(manifests: readonly Manifest[]): string[] {
  return manifests.map(({ kind, metadata }) => `${kind}/${metadata.name}`).sort();
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

e2e("an overlay fills in the tenants by a patch", async (plane) => {
  const directory = await Deno.makeTempDir();
  try {
    await Deno.copyFile(
      `${DEPLOY}/policies/tenants/tenants.example.yaml`,
      `${directory}/tenants.yaml`,
    );
    await Deno.writeTextFile(
      `${directory}/kustomization.yaml`,
      JSON.stringify({
        resources: [relative(directory, DEPLOY)],
        components: [relative(directory, `${DEPLOY}/policies/tenants`)],
        patches: [{ path: "tenants.yaml" }],
      }),
    );
    const built = documents(await kubectlOk(plane, ["kustomize", directory]));
    const tenants = built.find(({ kind }) => kind === "ConfigMap")! as unknown as {
      metadata: unknown;
      data: Record<string, string>;
    };
    assert.deepEqual(tenants.metadata, {
      name: "msi-acrpull-tenants",
      namespace: NAMESPACE,
      labels: { "app.kubernetes.io/name": "msi-acrpull" },
    });
    assert.equal(tenants.data["team-a.registries"], "example.azurecr.io\ndefault\n");
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});

e2e("the guide's overlay is built over deploy, and over what the task writes", async (plane) => {
  const directory = await Deno.makeTempDir();
  try {
    const overlay = guideBlock("overlay");
    const written = await deployTask([`--output=${directory}/base`, "--metrics-secure"]);
    assert.equal(written.code, 0, written.stderr);
    await Deno.writeTextFile(`${directory}/disruption-budget.yaml`, DISRUPTION_BUDGET);
    const deploy = relative(directory, DEPLOY);
    for (const bases of [`  - ${deploy}`, "  - base/crd.yaml\n  - base/deploy.yaml"]) {
      await Deno.writeTextFile(
        `${directory}/kustomization.yaml`,
        overlay.replace(/^ {2}- \.\.\/deploy .*$/m, bases)
          .replace("[../deploy/", `[${deploy}/`),
      );
      const text = await kubectlOk(plane, ["kustomize", directory]);
      const built = documents(text);
      const deployment = built.find(({ kind }) => kind === "Deployment") as unknown as PodTemplate;
      const { containers: [manager], ...pod } = deployment.spec.template.spec;
      assert.equal(
        manager!.image,
        (await latestImage()).replace(/^[^:]*/, "mirror.example/msi-acrpull"),
      );
      assert.deepEqual((manager as unknown as { resources: unknown }).resources, {
        limits: { cpu: "100m", memory: "200Mi" },
        requests: { cpu: "100m", memory: "20Mi" },
      });
      assert.equal(pod.priorityClassName, "system-cluster-critical");
      assert.deepEqual(pod.imagePullSecrets, [{ name: "mirror" }]);
      assert.deepEqual(pod.tolerations, [{ key: "CriticalAddonsOnly", operator: "Exists" }]);
      assert.equal(pod.serviceAccountName, "msi-acrpull-controller-manager");
      assert.ok(identities(built).includes("ValidatingAdmissionPolicy/msi-acrpull-tenants"));
      await kubectlOk(plane, ["apply", "--validate=strict", "-f", "-"], { stdin: text });
    }
    await kubectlOk(plane, ["delete", "poddisruptionbudget", "-n", NAMESPACE, "--all"]);
  } finally {
    await Deno.remove(directory, { recursive: true });
    await uninstall(plane);
  }
});

const DISRUPTION_BUDGET = JSON.stringify({
  apiVersion: "policy/v1",
  kind: "PodDisruptionBudget",
  metadata: { name: "msi-acrpull", namespace: NAMESPACE },
  spec: {
    minAvailable: 1,
    selector: { matchLabels: { "app.kubernetes.io/name": "msi-acrpull" } },
  },
});

async function latestImage(): Promise<string> {
  const manifest = (await latest()).find(({ kind }) => kind === "Deployment");
  return (manifest as unknown as PodTemplate).spec.template.spec.containers[0]!.image;
}

e2e("what the guide renders for kubectl is applied by it", async (plane) => {
  const said = await runGuide(plane, "render-for-kubectl");
  assert.match(said, /^deployment\.apps\/msi-acrpull-controller-manager created$/m);
  await uninstall(plane);
});

e2e("the guide's way to a proxy tells the operator of it and lets it through", async (plane) => {
  await runGuide(plane, "proxy");
  const get = async (what: string, path: string) =>
    JSON.parse(await kubectlOk(plane, ["get", "-n", NAMESPACE, what, `-o=jsonpath={${path}}`]));
  assert.deepEqual(await get(DEPLOYMENT, ".spec.template.spec.containers[0].env"), [
    { name: "HTTPS_PROXY", value: "http://10.0.0.4:3128" },
  ]);
  const egress = await get("networkpolicy/msi-acrpull-controller-manager", ".spec.egress");
  assert.deepEqual(egress.at(-1), {
    to: [{ ipBlock: { cidr: "10.0.0.4/32" } }],
    ports: [{ port: 3128, protocol: "TCP" }],
  });
  await uninstall(plane);
});

e2e(
  "the guide's way to authorities of one's own mounts them and tells the operator",
  async (plane) => {
    assert.equal((await runShell(plane, "deno task deploy --apply")).code, 0);
    const ca = await Deno.makeTempFile();
    await Deno.writeTextFile(ca, plane.caPem);
    const block = guideBlock("azure-ca").replace("=ca.crt", `=ca.crt=${ca}`);
    const { code, stderr } = await runShell(plane, block);
    assert.equal(code, 0, stderr);
    const { spec } = JSON.parse(
      await kubectlOk(plane, ["get", "-n", NAMESPACE, DEPLOYMENT, "-o=json"]),
    );
    const { volumes: [volume], containers: [container] } = spec.template.spec;
    const { data } = JSON.parse(
      await kubectlOk(plane, ["get", "-n", NAMESPACE, "configmap/corporate-ca", "-o=json"]),
    );
    assert.equal(volume.configMap.name, "corporate-ca");
    assert.deepEqual(volume.configMap.items.map(({ key }: { key: string }) => data[key]), [
      plane.caPem,
    ]);
    const [mount] = container.volumeMounts;
    const file = `${mount.mountPath}/${volume.configMap.items[0].path}`;
    assert.ok(container.args.includes(`--azure-ca-bundle=${file}`), container.args.join(" "));
    assert.ok(permissionFlags().some((flag) => flag.includes(mount.mountPath)));
    await Deno.remove(ca);
    await uninstall(plane);
  },
);

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
