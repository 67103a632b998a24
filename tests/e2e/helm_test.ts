import assert from "node:assert/strict";
import { parseAllDocuments, stringify } from "yaml";
import { installation } from "../../deploy/manifests/installation.ts";
import type { Manifest } from "../../deploy/manifests/manifest.ts";
import { DEFAULTS, type Settings } from "../../deploy/manifests/settings.ts";
import { crdManifests, readCrds } from "../../deploy/render.ts";
import { parseOptions } from "../../src/cli/options.ts";
import { VALIDATORS } from "../../src/cli/validators.ts";
import { OperatorRig } from "../suites/operator_rig.ts";
import { V1 } from "../suites/v1beta1_objects.ts";
import type { ControlPlane } from "./servers/control_plane.ts";
import { eventually } from "../suites/eventually.ts";
import { e2e } from "./servers/gate.ts";
import { haveHelm, helm, helmOnChart } from "./servers/helm.ts";
import { kubectl, kubectlOk } from "./servers/kubectl.ts";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const RELEASE = "msi-acrpull";

interface Values {
  [name: string]: unknown;
}

function withHelm(name: string, fn: () => Promise<void>): void {
  Deno.test({ name, ignore: !haveHelm(), fn });
}

function withHelmOnCluster(name: string, test: (plane: ControlPlane) => Promise<void>): void {
  if (haveHelm()) e2e(name, test);
  else Deno.test({ name, ignore: true, fn: () => {} });
}

/** What the chart makes of `values`, by kind and name. */
async function render(
  values: Values = {},
  namespace = DEFAULTS.namespace,
): Promise<Map<string, Manifest>> {
  const { code, stdout, stderr } = await withValues(
    values,
    (file) => helmOnChart(["template", RELEASE], ["--namespace", namespace, "--values", file]),
  );
  assert.equal(code, 0, stderr);
  const manifests = parseAllDocuments(stdout).flatMap((document) => {
    const manifest = document.toJS() as Manifest | null;
    return manifest === null ? [] : [manifest];
  });
  return byName(manifests);
}

async function withValues<T>(values: Values, use: (file: string) => Promise<T>): Promise<T> {
  const file = await Deno.makeTempFile({ suffix: ".yaml" });
  try {
    await Deno.writeTextFile(file, stringify(values));
    return await use(file);
  } finally {
    await Deno.remove(file);
  }
}

/** Why the chart refuses `values`. */
async function refusal(values: Values): Promise<string> {
  const { code, stderr } = await withValues(
    values,
    (file) => helmOnChart(["template", RELEASE], ["--values", file]),
  );
  assert.equal(code, 1);
  return stderr;
}

function byName(manifests: readonly Manifest[]): Map<string, Manifest> {
  return new Map(
    manifests.map((manifest) => [`${manifest.kind}/${manifest.metadata.name}`, manifest]),
  );
}

/** What `deno task deploy` makes of the settings, but the namespace, which Helm makes itself. */
function expected(settings: Partial<Settings> = {}): Map<string, Manifest> {
  const crds = crdManifests(readCrds(ROOT)).map((crd) => ({
    ...crd,
    metadata: { ...crd.metadata, annotations: { "helm.sh/resource-policy": "keep" } },
  }));
  const all = byName([...crds, ...installation({ ...DEFAULTS, ...settings })]);
  all.delete(`Namespace/${settings.namespace ?? DEFAULTS.namespace}`);
  return all;
}

function sorted(manifests: Map<string, Manifest>): [string, Manifest][] {
  return [...manifests].sort(([a], [b]) => a < b ? -1 : 1);
}

withHelm("the chart is lint clean, its values checked by their schema", async () => {
  const { code, stdout } = await helmOnChart(["lint", "--strict"], []);
  assert.equal(code, 0, stdout);
  assert.doesNotMatch(stdout, /WARNING|ERROR/);
});

withHelm("rendered with defaults the chart equals deploy/latest", async () => {
  assert.deepEqual(sorted(await render()), sorted(expected()));
});

/** Values, and the options of `deno task deploy` that mean the same. */
const SAME: readonly [string, Values, Partial<Settings>][] = [
  ["another image", { image: { repository: "r.example/a", tag: "7" } }, { image: "r.example/a:7" }],
  [
    "an image by digest",
    { image: { repository: "r.example/a", digest: `sha256:${"0".repeat(64)}` } },
    { image: `r.example/a@sha256:${"0".repeat(64)}` },
  ],
  ["another count", { replicas: 3 }, { replicas: 3 }],
  ["Secrets by name", { secretAccess: "get" }, { secretAccess: "get" }],
  ["no workload identity", { workloadIdentity: { enabled: false } }, { workloadIdentity: false }],
  ["secure metrics", { metrics: { secure: true } }, { metricsSecure: true }],
  ["no policies", { policies: { enabled: false } }, { policies: false }],
  ["the policy for tenants", { policies: { tenants: { enabled: true } } }, { tenantPolicy: true }],
  ["no network policy", { networkPolicy: { enabled: false } }, { networkPolicy: false }],
  [
    "another audience",
    { serviceAccountTokenAudience: "api://elsewhere" },
    { tokenAudience: "api://elsewhere" },
  ],
  [
    "suffixes and defaults of bindings",
    {
      allowedAcrServerSuffixes: ["azurecr.io", "registry.example"],
      defaults: {
        acrServer: "a.azurecr.io",
        managedIdentityClientID: "id",
        armResource: "https://a/",
      },
    },
    {
      allowedServerSuffixes: ["azurecr.io", "registry.example"],
      defaults: { acrServer: "a.azurecr.io", clientId: "id", armResource: "https://a/" },
    },
  ],
  ["further flags", { extraArgs: ["--log-level=debug"] }, { extraArgs: ["--log-level=debug"] }],
];

for (const [name, values, settings] of SAME) {
  withHelm(`the chart equals deno task deploy with ${name}`, async () => {
    assert.deepEqual(sorted(await render(values)), sorted(expected(settings)));
  });
}

withHelm("the chart equals deno task deploy in another namespace", async () => {
  const namespace = "registry-access";
  assert.deepEqual(sorted(await render({}, namespace)), sorted(expected({ namespace })));
});

withHelm("values for the pod reach it", async () => {
  const rendered = await render({
    priorityClassName: "system-cluster-critical",
    podLabels: { team: "platform" },
    podAnnotations: { note: "x" },
    extraEnv: [{ name: "HTTPS_PROXY", value: "http://proxy:3128" }],
    tolerations: [{ key: "CriticalAddonsOnly", operator: "Exists" }],
    affinity: { podAntiAffinity: {} },
    topologySpreadConstraints: [{
      maxSkew: 1,
      topologyKey: "kubernetes.io/hostname",
      whenUnsatisfiable: "ScheduleAnyway",
    }],
    nodeSelector: { pool: "system" },
    serviceAccount: { annotations: { owner: "platform" } },
    imagePullSecrets: [{ name: "mirror" }],
    metrics: { secure: true, certificateSecret: "metrics-tls" },
  });
  const deployment = rendered.get("Deployment/msi-acrpull-controller-manager") as unknown as {
    spec: { template: { metadata: Record<string, unknown>; spec: Record<string, unknown> } };
  };
  const { metadata, spec: { containers, ...pod } } = deployment.spec.template;
  const [container] = containers as Record<string, unknown>[];
  assert.deepEqual(metadata, {
    labels: {
      "control-plane": "controller-manager",
      "app.kubernetes.io/name": "msi-acrpull",
      team: "platform",
    },
    annotations: { note: "x" },
  });
  assert.equal(pod.priorityClassName, "system-cluster-critical");
  assert.deepEqual(pod.tolerations, [{ key: "CriticalAddonsOnly", operator: "Exists" }]);
  assert.deepEqual(pod.affinity, { podAntiAffinity: {} });
  assert.equal((pod.topologySpreadConstraints as unknown[]).length, 1);
  assert.deepEqual(pod.nodeSelector, { "kubernetes.io/os": "linux", pool: "system" });
  assert.deepEqual(pod.imagePullSecrets, [{ name: "mirror" }]);
  assert.deepEqual(container!.env, [{ name: "HTTPS_PROXY", value: "http://proxy:3128" }]);
  assert.deepEqual(pod.volumes, [{
    name: "metrics-certificate",
    secret: { secretName: "metrics-tls" },
  }]);
  const account = rendered.get("ServiceAccount/msi-acrpull-controller-manager")!;
  assert.deepEqual(account.metadata.annotations, { owner: "platform" });
  const parsed = parseOptions(container!.args as string[], () => undefined, VALIDATORS);
  assert.equal(parsed.kind, "options");
});

withHelm("what is optional is rendered when asked for", async () => {
  const rendered = await render({
    metrics: { secure: true },
    podDisruptionBudget: { enabled: true, maxUnavailable: 1 },
    serviceMonitor: { enabled: true, labels: { release: "prometheus" } },
    podMonitor: { enabled: true, tokenSecret: { name: "scrape" } },
    policies: {
      tenants: {
        enabled: true,
        entries: {
          "team-a": { registries: ["a.azurecr.io", "default"], identities: ["*"], scopes: [] },
        },
      },
    },
  });
  const specOf = (name: string) => rendered.get(name)!.spec as Record<string, unknown>;
  assert.equal(specOf("PodDisruptionBudget/msi-acrpull-controller-manager").maxUnavailable, 1);
  assert.deepEqual(specOf("ServiceMonitor/msi-acrpull-controller-manager").endpoints, [{
    port: "https",
    path: "/metrics",
    scheme: "https",
    interval: "30s",
    tlsConfig: { insecureSkipVerify: true },
    bearerTokenFile: "/var/run/secrets/kubernetes.io/serviceaccount/token",
  }]);
  assert.deepEqual(specOf("PodMonitor/msi-acrpull-controller-manager").podMetricsEndpoints, [{
    port: "metrics",
    path: "/metrics",
    scheme: "https",
    interval: "30s",
    tlsConfig: { insecureSkipVerify: true },
    authorization: { type: "Bearer", credentials: { name: "scrape", key: "token" } },
  }]);
  assert.deepEqual(rendered.get("ConfigMap/msi-acrpull-tenants")!.data, {
    "team-a.registries": "a.azurecr.io\ndefault",
    "team-a.identities": "*",
    "team-a.scopes": "",
  });
});

withHelm("CRDs can be left out, and given over to Helm", async () => {
  const name = "CustomResourceDefinition/acrpullbindings.acrpull.microsoft.com";
  assert.equal((await render({ crds: { install: false } })).has(name), false);
  assert.equal(
    (await render({ crds: { keep: false } })).get(name)!.metadata.annotations,
    undefined,
  );
});

const REFUSED: readonly [string, Values, RegExp][] = [
  ["an unknown value", { replica: 3 }, /replica/],
  ["a count that is none", { replicas: "two" }, /replicas/],
  ["another way to read Secrets", { secretAccess: "list" }, /secretAccess/],
  [
    "an audience that would end an expression",
    { serviceAccountTokenAudience: '"] || [' },
    /serviceAccountTokenAudience/,
  ],
  [
    "a monitor of what nothing can reach",
    { serviceMonitor: { enabled: true } },
    /need metrics\.secure=true/,
  ],
  [
    "a pod monitor without a token",
    { metrics: { secure: true }, podMonitor: { enabled: true } },
    /podMonitor\.tokenSecret\.name is required/,
  ],
];

for (const [name, values, message] of REFUSED) {
  withHelm(`the chart refuses ${name}`, async () => {
    assert.match(await refusal(values), message);
  });
}

withHelmOnCluster(
  "installs under any namespace, and the operator works as its account",
  async (plane) => {
    const namespace = await plane.createNamespace();
    const installed = await helmOnChart(["install", RELEASE], ["--namespace", namespace], plane);
    assert.equal(installed.code, 0, installed.stderr);
    const user = `system:serviceaccount:${namespace}:msi-acrpull-controller-manager`;
    await eventually("the rules have effect", async () => {
      const args = ["auth", "can-i", "create", "leases.coordination.k8s.io", "-n", namespace];
      return (await kubectl(plane, args, { user })).stdout === "yes\n" || undefined;
    });
    {
      const args = ["--leader-elect", `--leader-election-namespace=${namespace}`];
      await using rig = await OperatorRig.start(plane, { user, args });
      await new V1(rig).establish();
    }
    const again = await helmOnChart(["upgrade", RELEASE], ["--namespace", namespace], plane);
    assert.equal(again.code, 0, again.stderr);
    const removed = await helm(["uninstall", RELEASE, "--namespace", namespace], plane);
    assert.equal(removed.code, 0, removed.stderr);
    const crds = await kubectlOk(plane, ["get", "crds", "-o=name"]);
    assert.match(crds, /acrpullbindings\.msi-acrpull\.microsoft\.com/);
  },
);
