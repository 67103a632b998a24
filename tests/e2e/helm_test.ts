import assert from "node:assert/strict";
import { parse, parseAllDocuments, stringify } from "yaml";
import { installation } from "../../deploy/manifests/installation.ts";
import { type Manifest, NAMES } from "../../deploy/manifests/manifest.ts";
import { DEFAULTS, type Settings } from "../../deploy/manifests/settings.ts";
import { parseDeploy } from "../../deploy/options/options.ts";
import { crdManifests, readCrds } from "../../deploy/render.ts";
import { FLAGS } from "../../src/cli/flags/flag_table.ts";
import type { Flag } from "../../src/cli/flags/flags.ts";
import { parseOptions } from "../../src/cli/flags/options.ts";
import { OperatorRig } from "../suites/operator_rig.ts";
import { V1 } from "../suites/v1beta1_objects.ts";
import { eventually } from "../suites/eventually.ts";
import { e2eWithHelm, helm, helmOnChart, lackOfHelm } from "./servers/helm.ts";
import { kubectl, kubectlOk } from "./servers/kubectl.ts";
import { fileURLToPath } from "node:url";
import { needing } from "../suites/needing.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const RELEASE = "msi-acrpull";
const CLIENT_ID = "1b461305-28be-5271-beda-bd9fd2e24251";
const IDENTITIES = `/subscriptions/${CLIENT_ID}/resourceGroups/rg/providers/` +
  "Microsoft.ManagedIdentity/userAssignedIdentities";

function isKept({ kind, metadata }: Manifest): boolean {
  return ["CustomResourceDefinition", "ConfigMap"].includes(kind) ||
    metadata.name === NAMES.keepAlive;
}

interface Values {
  [name: string]: unknown;
}

function withHelm(name: string, fn: () => Promise<void>): void {
  Deno.test({ ...needing(name, lackOfHelm()), fn });
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
  // As Helm and Kubernetes read it: there also on and 1_000 are no strings.
  const manifests = parseAllDocuments(stdout, { version: "1.1" }).flatMap((document) => {
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
async function refusal(values: Values, namespace = DEFAULTS.namespace): Promise<string> {
  const { code, stderr } = await withValues(
    values,
    (file) => helmOnChart(["template", RELEASE], ["--namespace", namespace, "--values", file]),
  );
  assert.equal(code, 1);
  return stderr;
}

function byName(manifests: readonly Manifest[]): Map<string, Manifest> {
  return new Map(
    manifests.map((manifest) => [`${manifest.kind}/${manifest.metadata.name}`, manifest]),
  );
}

/**
 * What `deno task deploy` makes of the settings, without the namespace, which Helm makes itself.
 * What holds others' data, or is to outlast the release, is marked for Helm to keep, and has data
 * in which theirs can stand.
 */
function expected(settings: Partial<Settings> = {}): Map<string, Manifest> {
  const manifests = [
    ...crdManifests(readCrds(ROOT)),
    ...installation({ ...DEFAULTS, ...settings }),
  ];
  const all = byName(manifests.map((manifest) =>
    isKept(manifest)
      ? {
        ...manifest,
        metadata: { ...manifest.metadata, annotations: { "helm.sh/resource-policy": "keep" } },
        ...(manifest.kind === "ConfigMap" ? { data: {} } : {}),
      }
      : manifest
  ));
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
  ["a user that the cluster assigns", { fixedUser: false }, { fixedUser: false }],
  ["Secrets by name", { secretAccess: "get" }, { secretAccess: "get" }],
  ["no workload identity", { workloadIdentity: { enabled: false } }, { workloadIdentity: false }],
  [
    "authorities of one's own",
    { azureCaBundle: { configMap: "corporate-ca" } },
    { azureCa: { name: "corporate-ca", key: "ca.crt" } },
  ],
  [
    "authorities of one's own at another key",
    { azureCaBundle: { configMap: "trust", key: "bundle.pem" } },
    { azureCa: { name: "trust", key: "bundle.pem" } },
  ],
  ["secure metrics", { metrics: { secure: true } }, { metricsSecure: true }],
  [
    "no policies, and no tokens that one would guard",
    { policies: { enabled: false }, workloadIdentity: { enabled: false } },
    { policies: false, workloadIdentity: false },
  ],
  [
    "no policies, though tokens go unguarded",
    { policies: { enabled: false, acceptUnguardedTokens: true } },
    { policies: false },
  ],
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
        managedIdentityClientID: CLIENT_ID,
        armResource: "https://a/",
      },
    },
    {
      allowedServerSuffixes: ["azurecr.io", "registry.example"],
      defaults: { acrServer: "a.azurecr.io", clientId: CLIENT_ID, armResource: "https://a/" },
    },
  ],
  [
    "a way to a proxy",
    {
      networkPolicy: {
        extraEgress: [{
          to: [{ ipBlock: { cidr: "10.0.0.4/32" } }],
          ports: [{ port: 3128, protocol: "TCP" }],
        }],
      },
    },
    { extraEgress: [{ cidr: "10.0.0.4/32", port: 3128 }] },
  ],
  [
    "further variables",
    { extraEnv: [{ name: "NO_PROXY", value: "10.0.0.0/8,.svc" }] },
    { extraEnv: [{ name: "NO_PROXY", value: "10.0.0.0/8,.svc" }] },
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

const NAMED = {
  priorityClassName: "priority-name",
  metrics: { secure: true, certificateSecret: "certificate-name" },
  imagePullSecrets: [{ name: "pull-name" }],
  podDisruptionBudget: { enabled: true },
  serviceMonitor: { enabled: true, tokenSecret: { name: "token-name", key: "token-key" } },
  podMonitor: { enabled: true, tokenSecret: { name: "token-name", key: "token-key" } },
  policies: { tenants: { enabled: true } },
};

/** The value with `replace` done to each of its strings. */
function mapStrings(value: unknown, replace: (text: string) => string): unknown {
  return JSON.parse(
    JSON.stringify(value),
    (_, each: unknown) => typeof each === "string" ? replace(each) : each,
  );
}

for (const namespace of ["12345", "true", "null", "1e3", "on", "0x1f"]) {
  withHelm(`namespace ${namespace} is a string wherever it stands`, async () => {
    assert.deepEqual(
      sorted(await render(NAMED, namespace)),
      mapStrings(
        sorted(await render(NAMED)),
        (text) => text.replaceAll(DEFAULTS.namespace, namespace),
      ),
    );
  });
}

for (const name of ["123", "true", "null", "1e3"]) {
  withHelm(`${name} is a string wherever it is a name`, async () => {
    const replace = (text: string) =>
      text.replace(/^(priority|certificate|pull|token)-(name|key)$/, name);
    assert.deepEqual(
      sorted(await render(mapStrings(NAMED, replace) as Values)),
      mapStrings(sorted(await render(NAMED)), replace),
    );
  });
}

for (const namespace of ["default", "kube-system", "kube-public", "kube-node-lease", "kube-x"]) {
  withHelm(`the chart refuses namespace ${namespace} as deno task deploy does`, async () => {
    const parsed = parseDeploy([`--namespace=${namespace}`]);
    assert.ok(parsed.kind === "errors");
    const [sentence] = parsed.errors;
    assert.match(sentence!, /is the cluster's own: give/);
    const stderr = await refusal({}, namespace);
    assert.ok(stderr.includes(sentence!.replace(/\.$/, "")), stderr);
  });
}

withHelm("values for the pod reach it", async () => {
  const rendered = await render({
    priorityClassName: "system-cluster-critical",
    podLabels: { team: "platform" },
    podAnnotations: { note: "x" },
    extraEnv: [{ name: "HTTPS_PROXY", value: "http://proxy:3128" }],
    tolerations: [{ key: "CriticalAddonsOnly", operator: "Exists" }],
    affinity: { podAntiAffinity: null, nodeAffinity: {} },
    topologySpreadConstraints: [{
      maxSkew: 1,
      topologyKey: "kubernetes.io/hostname",
      whenUnsatisfiable: "ScheduleAnyway",
    }],
    nodeSelector: { pool: "system" },
    serviceAccount: { annotations: { owner: "platform" } },
    imagePullSecrets: [{ name: "mirror" }],
    metrics: { secure: true, certificateSecret: "metrics-tls" },
    azureCaBundle: { configMap: "corporate-ca" },
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
  assert.deepEqual(pod.affinity, { nodeAffinity: {} });
  assert.equal((pod.topologySpreadConstraints as unknown[]).length, 1);
  assert.deepEqual(pod.nodeSelector, { "kubernetes.io/os": "linux", pool: "system" });
  assert.deepEqual(pod.imagePullSecrets, [{ name: "mirror" }]);
  assert.deepEqual(container!.env, [{ name: "HTTPS_PROXY", value: "http://proxy:3128" }]);
  assert.deepEqual(pod.volumes, [
    { name: "metrics-certificate", secret: { secretName: "metrics-tls" } },
    {
      name: "azure-ca",
      configMap: {
        name: "corporate-ca",
        items: [{ key: "ca.crt", path: "ca.crt" }],
        optional: true,
      },
    },
  ]);
  assert.deepEqual(container!.volumeMounts, [
    {
      name: "metrics-certificate",
      mountPath: "/tmp/k8s-metrics-server/metrics-certs",
      readOnly: true,
    },
    { name: "azure-ca", mountPath: "/etc/msi-acrpull/azure-ca", readOnly: true },
  ]);
  const account = rendered.get("ServiceAccount/msi-acrpull-controller-manager")!;
  assert.deepEqual(account.metadata.annotations, { owner: "platform" });
  const parsed = parseOptions(container!.args as string[], () => undefined);
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
          "team-a": {
            registries: ["a.azurecr.io", "default"],
            identities: ["*"],
            scopes: ["repository:team-a/*:pull"],
            entraAuthorityHosts: ["login.cloud.example"],
          },
        },
      },
    },
  });
  const specOf = (name: string) => rendered.get(name)!.spec as Record<string, unknown>;
  assert.deepEqual(specOf("PodDisruptionBudget/msi-acrpull-controller-manager"), {
    maxUnavailable: 1,
    unhealthyPodEvictionPolicy: "AlwaysAllow",
    selector: {
      matchLabels: {
        "control-plane": "controller-manager",
        "app.kubernetes.io/name": "msi-acrpull",
      },
    },
  });
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
    "team-a.scopes": "repository:team-a/*:pull",
    "team-a.entraAuthorityHosts": "login.cloud.example",
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

withHelm("the network policy is narrowed and widened by its values", async () => {
  const coreDns = {
    namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": "kube-system" } },
    podSelector: { matchLabels: { "k8s-app": "kube-dns" } },
  };
  const proxy = {
    to: [{ ipBlock: { cidr: "10.0.0.10/32" } }],
    ports: [{ port: 3128, protocol: "TCP" }],
  };
  const egressOf = async (networkPolicy: Values) => {
    const rendered = await render({ networkPolicy });
    const policy = rendered.get("NetworkPolicy/msi-acrpull-controller-manager")!;
    return (policy.spec as { egress: unknown[] }).egress;
  };
  const dns = [{ port: 53, protocol: "UDP" }, { port: 53, protocol: "TCP" }];
  const imds = {
    to: [{ ipBlock: { cidr: "169.254.169.254/32" } }],
    ports: [{ port: 80, protocol: "TCP" }],
  };
  const https = { ports: [{ port: 443, protocol: "TCP" }] };
  const server = { ipBlock: { cidr: "10.240.0.4/32" } };
  assert.deepEqual(
    await egressOf({
      dns: { to: [coreDns] },
      apiServer: { ports: [16443], to: [server] },
      extraEgress: [proxy],
    }),
    [
      { ports: dns, to: [coreDns] },
      imds,
      https,
      { ports: [{ port: 16443, protocol: "TCP" }], to: [server] },
      proxy,
    ],
  );
  assert.deepEqual(await egressOf({ apiServer: { ports: [] } }), [{ ports: dns }, imds, https]);
});

/** Without these values a template fails, or less is installed than seems to be. */
const NEEDED: readonly string[] = [
  "image",
  "image.repository",
  "replicas",
  "fixedUser",
  "serviceAccount",
  "podDisruptionBudget",
  "podDisruptionBudget.enabled",
  "defaults",
  "serviceAccountTokenAudience",
  "secretAccess",
  "workloadIdentity",
  "workloadIdentity.enabled",
  "metrics",
  "metrics.secure",
  "serviceMonitor",
  "podMonitor.enabled",
  "podMonitor.tokenSecret",
  "networkPolicy",
  "networkPolicy.enabled",
  "networkPolicy.dns",
  "networkPolicy.apiServer",
  "networkPolicy.apiServer.ports",
  "policies",
  "policies.enabled",
  "policies.tenants",
  "policies.tenants.enabled",
  "crds",
  "crds.install",
  "crds.keep",
];

for (const path of NEEDED) {
  withHelm(`the chart refuses to be without ${path}`, async () => {
    const names = path.split(".");
    const last = names.at(-1)!;
    const above = names.slice(0, -1).map((name) => `/${name}`).join("");
    const stderr = await refusal(nullAt(names) as Values);
    assert.ok(stderr.includes(`- at '${above}': missing property '${last}'`), stderr);
  });
}

function nullAt([name, ...rest]: readonly string[]): unknown {
  return name === undefined ? null : { [name]: nullAt(rest) };
}

withHelm("what may be empty may be null", async () => {
  const empty = [
    "imagePullSecrets",
    "nodeSelector",
    "tolerations",
    "topologySpreadConstraints",
    "priorityClassName",
    "podLabels",
    "podAnnotations",
    "extraEnv",
    "extraArgs",
    "allowedAcrServerSuffixes",
  ];
  const rendered = await render(Object.fromEntries(empty.map((name) => [name, null])));
  const without = await render({ nodeSelector: { "kubernetes.io/os": null } });
  assert.deepEqual(sorted(rendered), sorted(without));
});

const REFUSED: readonly [string, Values, RegExp][] = [
  ["an unknown value", { replica: 3 }, /replica/],
  ["more replicas than can be meant", { replicas: 101 }, /'\/replicas': maximum: .* want 100/],
  [
    "a priority class that none can be called",
    { priorityClassName: "Bad_Name" },
    /'\/priorityClassName': 'Bad_Name' does not match pattern/,
  ],
  [
    "a ConfigMap that none can be called",
    { azureCaBundle: { configMap: "a/b" } },
    /'\/azureCaBundle\/configMap': 'a\/b' does not match pattern/,
  ],
  [
    "a key of a ConfigMap that is none",
    { azureCaBundle: { configMap: "ca", key: "a/b" } },
    /'\/azureCaBundle\/key': 'a\/b' does not match pattern/,
  ],
  [
    "a certificate that none can be called",
    { metrics: { secure: true, certificateSecret: "a/b" } },
    /'\/metrics\/certificateSecret': 'a\/b' does not match pattern/,
  ],
  [
    "a pull secret that none can be called",
    { imagePullSecrets: [{ name: "A_b" }] },
    /'\/imagePullSecrets\/0\/name': 'A_b' does not match pattern/,
  ],
  [
    "a pull secret's unknown field",
    { imagePullSecrets: [{ name: "a", namespace: "b" }] },
    /'\/imagePullSecrets\/0': additional properties 'namespace' not allowed/,
  ],
  [
    "a toleration's unknown field",
    { tolerations: [{ nonsense: 1 }] },
    /'\/tolerations\/0': additional properties 'nonsense' not allowed/,
  ],
  [
    "an affinity of another name",
    { affinity: { podAfinity: {} } },
    /'\/affinity': additional properties 'podAfinity' not allowed/,
  ],
  [
    "a spread constraint's unknown field",
    {
      topologySpreadConstraints: [{
        maxSkew: 1,
        topologyKey: "a",
        whenUnsatisfiable: "ScheduleAnyway",
        minSkew: 1,
      }],
    },
    /'\/topologySpreadConstraints\/0': additional properties 'minSkew' not allowed/,
  ],
  [
    "limits by another name, without which there would be none",
    { resources: { limit: { memory: "1Gi" } } },
    /'\/resources': additional properties 'limit' not allowed/,
  ],
  [
    "a limit of another name",
    { resources: { limits: { memroy: "1Gi" } } },
    /'\/resources\/limits': additional properties 'memroy' not allowed/,
  ],
  [
    "a quantity that is none",
    { resources: { limits: { memory: "1 GB" } } },
    /'\/resources\/limits\/memory'/,
  ],
  [
    "a variable's unknown field",
    { extraEnv: [{ name: "A", foo: 1 }] },
    /'\/extraEnv\/0': additional properties 'foo' not allowed/,
  ],
  ["a variable that is no string", { extraEnv: [{ name: "A", value: 1 }] }, /got number, want str/],
  ["a variable that none can be called", { extraEnv: [{ name: "A=B" }] }, /'A=B' does not match/],
  [
    "a variable of two sources",
    {
      extraEnv: [{
        name: "A",
        value: "b",
        valueFrom: { secretKeyRef: { name: "a", key: "b" } },
      }],
    },
    /'\/extraEnv\/0': maxProperties: got 3, want 2/,
  ],
  ["a count that is none", { replicas: "two" }, /replicas/],
  ["another way to read Secrets", { secretAccess: "list" }, /secretAccess/],
  [
    "an audience that would end an expression",
    { serviceAccountTokenAudience: '"] || [' },
    /serviceAccountTokenAudience: "\\"\] \|\| \[" is no audience .*; give the one/,
  ],
  [
    "an empty audience, which would be the API server's own",
    { serviceAccountTokenAudience: "" },
    /serviceAccountTokenAudience: "" is no audience .*; give the one/,
  ],
  ...[
    "https://kubernetes.default.svc",
    "https://kubernetes.default.svc.cluster.local",
    "HTTPS://Kubernetes:443/",
  ].map((audience): [string, Values, RegExp] => [
    `the API server's own audience ${audience}`,
    { serviceAccountTokenAudience: audience },
    /serviceAccountTokenAudience: "[^"]+" is the API server's own audience: .*; give the audience/,
  ]),
  [
    "to leave tokens unguarded by the way",
    { policies: { enabled: false } },
    /policies\.enabled=false leaves .*; set workloadIdentity\.enabled=false .*, or policies\.acceptUnguardedTokens=true/,
  ],
  ...["a b", "https://r.example/a", "r.example/A", "r.example/a:7", ""].map(
    (repository): [string, Values, RegExp] => [
      `"${repository}" for the image's repository`,
      { image: { repository } },
      /image\.repository: "[^"]*" is no repository; give it such as/,
    ],
  ),
  [
    "a tag that is none",
    { image: { tag: "v 1" } },
    /image\.tag: "v 1" is no tag; give one such as v[0-9.]+, or leave it empty/,
  ],
  [
    "a digest that is none",
    { image: { digest: "sha256:abc" } },
    /image\.digest: "sha256:abc" is no digest; give sha256: and its 64 .*, or leave it empty/,
  ],
  [
    "a flag without its dash",
    { extraArgs: ["log-level=debug"] },
    /extraArgs: "log-level=debug" begins with no dash; write a flag and its value as one item/,
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
  [
    "a pod label by which the pods are selected",
    { podLabels: { "control-plane": "mine" } },
    /podLabels: control-plane=mine would part the pods from their NetworkPolicy .*; give another/,
  ],
  [
    "a pod label by which the policies select, with the chart's own value too",
    { podLabels: { team: "platform", "app.kubernetes.io/name": "msi-acrpull" } },
    /podLabels: app\.kubernetes\.io\/name=msi-acrpull would part/,
  ],
  ["a pod label that is none", { podLabels: { team: "a b" } }, /'a b' does not match pattern/],
  [
    "a rule of egress that opens everything",
    { networkPolicy: { extraEgress: [{}] } },
    /networkPolicy\/extraEgress\/0/,
  ],
  [
    "a rule of egress whose empty list means every port",
    { networkPolicy: { extraEgress: [{ ports: [], to: [{ ipBlock: { cidr: "10.0.0.0/8" } }] }] } },
    /networkPolicy\/extraEgress\/0\/ports/,
  ],
  [
    "a peer without a mask",
    { networkPolicy: { dns: { to: [{ ipBlock: { cidr: "10.0.0.10" } }] } } },
    /'10\.0\.0\.10' does not match pattern/,
  ],
  [
    "metrics over TLS by a flag, without the rights for them",
    { extraArgs: ["--metrics-secure"] },
    /"--metrics-secure" cannot stand here: it needs rights of its own.*; set metrics\.secure=true/,
  ],
  [
    "another port for probes",
    { extraArgs: ["--health-probe-bind-address=:9090"] },
    /"--health-probe-bind-address=:9090" cannot stand here: the probes ask port 8081/,
  ],
  [
    "a flag by its other name",
    { extraArgs: ["-metrics-addr=:9090"] },
    /"-metrics-addr=:9090" cannot stand here: .*set metrics\.secure=true for :8443/,
  ],
  [
    "a flag that a value stands for",
    { extraArgs: ["--secret-access=get"] },
    /"--secret-access=get" cannot stand here: .*; set secretAccess/,
  ],
  [
    "a flag given twice",
    { extraArgs: ["--log-level=debug", "-log-level=info"] },
    /"-log-level=info" gives a flag that "--log-level=debug" has given already/,
  ],
  [
    "the name of a certificate that is not mounted",
    { extraArgs: ["--metrics-cert-name=a.crt"] },
    /has no effect without metrics\.certificateSecret/,
  ],
  [
    "a certificate without secure metrics",
    { metrics: { certificateSecret: "metrics-tls" } },
    /metrics\.certificateSecret has no effect without metrics\.secure=true/,
  ],
  [
    "tenants that nothing is held to",
    { policies: { tenants: { entries: { a: { registries: [], identities: [], scopes: [] } } } } },
    /without policies\.tenants\.enabled=true/,
  ],
  [
    "a variable that is set twice",
    { defaults: { armResource: "https://a/" }, extraEnv: [{ name: "ARM_RESOURCE", value: "b" }] },
    /extraEnv: ARM_RESOURCE is set by defaults\.armResource already/,
  ],
  [
    "a disruption budget without a figure",
    { podDisruptionBudget: { enabled: true, minAvailable: null } },
    /podDisruptionBudget limits nothing/,
  ],
  ...[
    { replicas: 1, podDisruptionBudget: { enabled: true } },
    { podDisruptionBudget: { enabled: true, minAvailable: 2 } },
    { podDisruptionBudget: { enabled: true, minAvailable: "51%" } },
  ].map((values): [string, Values, RegExp] => [
    `a disruption budget that holds up every drain: ${JSON.stringify(values)}`,
    values,
    /podDisruptionBudget\.minAvailable: \S+ lets none of [12] replicas go, .*; give less/,
  ]),
  ...[0, "0%"].map((maxUnavailable): [string, Values, RegExp] => [
    `a disruption budget of ${maxUnavailable}`,
    { podDisruptionBudget: { enabled: true, maxUnavailable } },
    /podDisruptionBudget\.maxUnavailable: 0%? lets no pod go, .*; give 1 or more/,
  ]),
  [
    "a namespace that none can be called",
    tenants({}, "Team_A"),
    /entries: "Team_A" is no .*; give/,
  ],
  ...[
    { registries: ["*.azurecr.io"] },
    { identities: ["default", "a *b"] },
    { entraAuthorityHosts: ["login.*"] },
    { resourceManagerAudiences: ["https://*/"] },
  ].map((lists): [string, Values, RegExp] => [
    `an entry that no binding could match: ${JSON.stringify(lists)}`,
    tenants(lists),
    new RegExp(
      `entries\\.team-a\\.${Object.keys(lists)[0]}: "[^"]+" allows nothing, .*; list each`,
    ),
  ]),
  [
    "a registry that is no host",
    tenants({ registries: ["a.azurecr.io", "https://b.azurecr.io"] }),
    /entries\.team-a\.registries: "https:[^"]+" is no registry's host name; give it alone/,
  ],
];

/** Values that list what a namespace may name. */
function tenants(lists: Values, namespace = "team-a"): Values {
  const entries = { [namespace]: { registries: [], identities: [], scopes: [], ...lists } };
  return { policies: { tenants: { enabled: true, entries } } };
}

for (const [name, values, message] of REFUSED) {
  withHelm(`the chart refuses ${name}`, async () => {
    assert.match(await refusal(values), message);
  });
}

/** Arguments that the chart takes exactly if the operator would. */
const ARGUMENTS: readonly (readonly string[])[] = [
  ["--log-level=debug"],
  ["--log-level=DEBUG", "--log-format=text"],
  ["--log-level=loud"],
  ["--log-level"],
  ["--log-levle=debug"],
  ["--zap-devel"],
  ["--zap-devel=true"],
  ["--zap-devel=yes"],
  ["--zap-log-level=5"],
  ["--ttl-rotation-fraction=0.8"],
  ["--ttl-rotation-fraction=1"],
  ["--ttl-rotation-fraction=half"],
  ["--zap-log-level=0"],
  ["--zap-encoder=CONSOLE", "--zap-stacktrace-level=error", "--zap-time-encoding=nano"],
  ["--zap-encoder=text"],
  ["--zap-stacktrace-level=warn"],
  ["--zap-time-encoding=unix"],
  ["--label-selector=tier in (web,api)"],
  ["--label-selector="],
  ["--label-selector=a b c"],
  ["--label-selector=tier in ()"],
  ["--acr-audience=arm"],
  ["--acr-audience=https://containerregistry.azure.net"],
  ["--acr-audience=registry"],
  ["--allowed-entra-authority-hosts=a.example, https://b.example/,"],
  ["--allowed-entra-authority-hosts=a.example,http://b.example"],
  ["--allowed-resource-manager-audiences=https://a/,api://b"],
  ["--allowed-resource-manager-audiences=https://a/,b"],
  ["--allowed-entra-authority-hosts=a.example", "--allowed-entra-authority-hosts=b.example"],
  ["--master=https://10.0.0.1"],
  ["-=x"],
];

for (const args of ARGUMENTS) {
  withHelm(`the chart judges ${args.join(" ")} as the operator does`, async () => {
    const { kind } = parseOptions(args, () => undefined);
    if (kind === "options") await render({ extraArgs: args });
    else assert.match(await refusal({ extraArgs: args }), /extraArgs: "[^"]+" .*(; |: )/);
  });
}

/** Defaults of bindings that the chart takes exactly if the operator would. */
const BINDING_DEFAULTS: readonly [value: string, variable: string, values: readonly string[]][] = [
  ["acrServer", "ACR_SERVER", [
    "a.azurecr.io",
    "A.AzureCR.us",
    "https://a.azurecr.io",
    "a.azurecr.io/team",
    "a.azurecr.io:443",
    "a.azurecr.io.",
    "10.0.0.1",
    "azurecr",
    "-a.azurecr.io",
    "a.registry.example",
    "notazurecr.io",
  ]],
  ["managedIdentityClientID", "MANAGED_IDENTITY_CLIENT_ID", [CLIENT_ID, "id", `${CLIENT_ID}0`]],
  ["managedIdentityResourceID", "MANAGED_IDENTITY_RESOURCE_ID", [
    `${IDENTITIES}/puller`,
    `/${IDENTITIES.toLowerCase()}//puller/`,
    `${IDENTITIES}/a`,
    IDENTITIES,
    IDENTITIES.replace("/rg/", "/r\u00e4ume/") + "/puller",
    IDENTITIES.replace("/rg/", "/rg./") + "/puller",
    IDENTITIES.replace("/rg/", "/r\u212a/") + "/puller",
    IDENTITIES.replace("/sub", "/\u017fub") + "/puller",
  ]],
  ["armResource", "ARM_RESOURCE", [
    "https://management.azure.com/",
    "management",
    "https://a b/",
    "\u212a://a/",
  ]],
];

for (const [name, variable, values] of BINDING_DEFAULTS) {
  for (const value of values) {
    withHelm(`the chart judges defaults.${name}=${value} as the operator does`, async () => {
      const env = (read: string) => read === variable ? value : undefined;
      const { kind } = parseOptions([], env);
      const given = { defaults: { [name]: value } };
      if (kind === "options") await render(given);
      else assert.match(await refusal(given), new RegExp(`defaults\\.${name}: "[^"]+" is .*; `));
    });
  }
}

const SUFFIXES: readonly (readonly string[])[] = [
  ["*"],
  [".Registry.Example."],
  ["*", "azurecr.io"],
  ["https://registry.example"],
  ["*.registry.example"],
];

for (const suffixes of SUFFIXES) {
  withHelm(`the chart judges the suffixes ${suffixes.join(",")} as the operator does`, async () => {
    const flag = `--allowed-acr-server-suffixes=${suffixes.join(",")}`;
    const { kind } = parseOptions([flag], () => undefined);
    const given = { allowedAcrServerSuffixes: suffixes };
    if (kind === "options") await render(given);
    else assert.match(await refusal(given), /allowedAcrServerSuffixes: .*; write/);
  });
}

withHelm("a default registry is held against the suffixes that are given", async () => {
  const given = (server: string) => ({
    allowedAcrServerSuffixes: ["registry.example"],
    defaults: { acrServer: server },
  });
  await render(given("a.registry.example"));
  assert.match(await refusal(given("a.azurecr.io")), /outside the allowed .*\(registry\.example\)/);
});

withHelm("no flag of the operator is unknown to the chart", async () => {
  const facts = parse(
    await Deno.readTextFile(`${ROOT}deploy/helm/files/operator.yaml`),
  ) as { flags: Record<string, unknown> };
  assert.deepEqual(
    Object.entries<Flag>(FLAGS).flatMap(([name, { aliases = [] }]) => [name, ...aliases]),
    Object.keys(facts.flags),
  );
});

e2eWithHelm(
  "a proxy that the network policy stops is told of, one that it lets pass is not",
  async (plane) => {
    const notes = async (values: Values) => {
      const { code, stdout, stderr } = await withValues(
        values,
        (file) => {
          const place = ["--namespace", DEFAULTS.namespace, "--dry-run=client"];
          return helmOnChart(["install", RELEASE], [...place, "--values", file], plane);
        },
      );
      assert.equal(code, 0, stderr);
      return stdout.split("NOTES:")[1]!;
    };
    const extraEnv = [{ name: "HTTPS_PROXY", value: "http://proxy.example:3128" }];
    const extraEgress = [{ ports: [{ port: 3128 }] }];
    assert.match(await notes({ extraEnv }), /HTTPS_PROXY.*networkPolicy\.extraEgress/s);
    for (
      const values of [
        {},
        { extraEnv, networkPolicy: { extraEgress } },
        { extraEnv, networkPolicy: { enabled: false } },
      ]
    ) {
      assert.doesNotMatch(await notes(values), /extraEgress/);
    }
  },
);

e2eWithHelm("what the values add is what the API server takes", async (plane) => {
  const namespace = await plane.createNamespace();
  const rendered = await render({
    podLabels: { "example.com/team": "platform" },
    podDisruptionBudget: { enabled: true, minAvailable: "50%" },
    metrics: { secure: true, certificateSecret: "metrics-tls" },
    networkPolicy: {
      dns: { to: [{ namespaceSelector: {}, podSelector: { matchLabels: { "k8s-app": "a" } } }] },
      apiServer: { ports: [6443, 16443], to: [{ ipBlock: { cidr: "fd00::/8" } }] },
      extraEgress: [
        { to: [{ ipBlock: { cidr: "10.0.0.0/8", except: ["10.1.0.0/16"] } }] },
        { ports: [{ port: 3128, endPort: 3130, protocol: "TCP" }, { port: "dns" }] },
      ],
    },
    policies: { tenants: { enabled: true } },
    topologySpreadConstraints: [{
      maxSkew: 1,
      topologyKey: "kubernetes.io/hostname",
      whenUnsatisfiable: "ScheduleAnyway",
    }],
  }, namespace);
  await kubectlOk(plane, ["apply", "--dry-run=server", "--validate=strict", "-f", "-"], {
    stdin: [...rendered.values()].map((manifest) => JSON.stringify(manifest)).join("\n---\n"),
  });
});

e2eWithHelm(
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

e2eWithHelm("the tenants' lists outlast the policy, and serve it again", async (plane) => {
  const namespace = await plane.createNamespace();
  const place = ["--namespace", namespace];
  const lists = ["configmap", "msi-acrpull-tenants", ...place];
  const data = async () =>
    JSON.parse(await kubectlOk(plane, ["get", ...lists, "-o=jsonpath={.data}"])) as unknown;
  const run = async (command: string, values: Values) => {
    const { code, stderr } = await withValues(
      { ...values, crds: { install: false } },
      (file) => helmOnChart([command, RELEASE], [...place, "--values", file], plane),
    );
    assert.equal(code, 0, stderr);
  };
  const off = { policies: { tenants: { enabled: false } } };
  const on = { policies: { tenants: { enabled: true } } };
  await run("install", on);
  const written = { "team-b.registries": "b.azurecr.io" };
  await kubectlOk(plane, [
    "patch",
    ...lists,
    "--type=merge",
    "-p",
    JSON.stringify({ data: written }),
  ]);
  await run("upgrade", off);
  assert.deepEqual(await data(), written);
  await run("upgrade", on);
  assert.deepEqual(await data(), written);
  await run("upgrade", tenants({ registries: ["a.azurecr.io"] }));
  const both = {
    ...written,
    "team-a.registries": "a.azurecr.io",
    "team-a.identities": "",
    "team-a.scopes": "",
  };
  assert.deepEqual(await data(), both);
  for (const entries of [{}, null]) {
    await run("upgrade", { policies: { tenants: { enabled: true, entries } } });
    assert.deepEqual(await data(), written, "what others wrote outlasts the release's own lists");
    await run("upgrade", tenants({ registries: ["a.azurecr.io"] }));
    assert.deepEqual(await data(), both);
  }
  await run("upgrade", off);
  assert.deepEqual(await data(), both);
  await run("upgrade", on);
  assert.deepEqual(await data(), both);
  const removed = await helm(["uninstall", RELEASE, ...place], plane);
  assert.equal(removed.code, 0, removed.stderr);
  assert.deepEqual(await data(), both);
  await run("install", on);
  assert.deepEqual(await data(), both);
  assert.equal((await helm(["uninstall", RELEASE, ...place], plane)).code, 0);
});

e2eWithHelm(
  "an installation whose policies are refused leaves its rights, unless it is atomic",
  async (plane) => {
    const namespace = await plane.createNamespace();
    const user = "installer-without-policies";
    const role = (apiGroups: string[], verbs: string[]) => ({ apiGroups, resources: ["*"], verbs });
    const metadata = { name: user };
    const apiVersion = "rbac.authorization.k8s.io/v1";
    const apiGroup = "rbac.authorization.k8s.io";
    const rules = [
      role(["", "apps", "rbac.authorization.k8s.io", "networking.k8s.io"], ["*"]),
      role(["acrpull.microsoft.com", "msi-acrpull.microsoft.com", "coordination.k8s.io"], ["*"]),
      role(["admissionregistration.k8s.io"], ["get", "delete"]),
    ];
    const roleRef = { apiGroup, kind: "ClusterRole", name: user };
    const subjects = [{ apiGroup, kind: "User", name: user }];
    await kubectlOk(plane, ["apply", "-f", "-"], {
      stdin: [
        { apiVersion, kind: "ClusterRole", metadata, rules },
        { apiVersion, kind: "ClusterRoleBinding", metadata, roleRef, subjects },
      ].map((object) => JSON.stringify(object)).join("\n---\n"),
    });
    await eventually("the installer may install", async () => {
      const args = ["auth", "can-i", "create", "deployments", "-n", namespace];
      return (await kubectl(plane, args, { user })).stdout === "yes\n" || undefined;
    });
    const binding = "clusterrolebinding/msi-acrpull-manager-rolebinding";
    const rights = () => kubectlOk(plane, ["get", binding, "--ignore-not-found", "-o=name"]);
    const place = ["--namespace", namespace];
    const install = async (flags: string[]) => {
      const given = [...place, "--set", "crds.install=false", "--kube-as-user", user, ...flags];
      const { code, stderr } = await helmOnChart(["install", RELEASE], given, plane);
      assert.equal(code, 1);
      assert.match(stderr, /cannot create resource "validatingadmissionpolicies"/);
    };
    await install([]);
    assert.match(await rights(), /msi-acrpull-manager-rolebinding/);
    assert.equal((await helm(["uninstall", RELEASE, ...place], plane)).code, 0);
    await install(["--atomic"]);
    assert.equal(await rights(), "");
  },
);
