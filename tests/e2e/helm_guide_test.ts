import assert from "node:assert/strict";
import { parse, parseAllDocuments } from "yaml";
import { deployment } from "../../deploy/manifests/deployment.ts";
import { DEFAULTS } from "../../deploy/manifests/settings.ts";
import { eventually } from "../suites/eventually.ts";
import { OperatorRig } from "../suites/operator_rig.ts";
import { V1 } from "../suites/v1beta1_objects.ts";
import { V2 } from "../suites/v1beta2_objects.ts";
import type { ControlPlane } from "./servers/control_plane.ts";
import { e2e } from "./servers/gate.ts";
import { guideBlock, runGuide } from "./servers/guide.ts";
import { haveHelm, helm, helmOnChart, lackOfHelm } from "./servers/helm.ts";
import { kubectl, kubectlOk } from "./servers/kubectl.ts";
import { OPERATOR } from "./servers/manifests.ts";
import { installMonitorCrds } from "./servers/monitor_crds.ts";
import { needing } from "../suites/needing.ts";

const NAMESPACE = "msi-acrpull-system";
const RELEASE = "msi-acrpull";
const IN_RELEASE = ["--namespace", NAMESPACE];
const OURS = "app.kubernetes.io/name=msi-acrpull";
const BINDINGS = [
  "acrpullbindings.acrpull.microsoft.com",
  "acrpullbindings.msi-acrpull.microsoft.com",
];

function withHelm(name: string, test: (plane: ControlPlane) => Promise<void>): void {
  if (haveHelm()) e2e(name, test);
  else Deno.test({ ...needing(name, lackOfHelm()), fn: () => {} });
}

/** What of the release is in the cluster, as kind/name. */
async function installed(plane: ControlPlane): Promise<string[]> {
  const kinds = "deployment,service,serviceaccount,networkpolicy,role,rolebinding,clusterrole," +
    "clusterrolebinding,validatingadmissionpolicy,validatingadmissionpolicybinding";
  const names = await kubectlOk(plane, ["get", kinds, "-A", "-l", OURS, "-o=name"]);
  return names.split("\n").filter((name) => name !== "");
}

async function crds(plane: ControlPlane): Promise<string[]> {
  const names = await kubectlOk(plane, ["get", "crds", "-o=name"]);
  return BINDINGS.filter((name) => names.includes(name));
}

/** The operator at work on a binding of each API, under the rights that the chart gave it. */
async function withBindings(
  plane: ControlPlane,
  use: (rig: OperatorRig, v1: V1, v2: V2) => Promise<void>,
): Promise<void> {
  await eventually("the rules have effect", async () => {
    const args = ["auth", "can-i", "patch", BINDINGS[0]!, "-A"];
    return (await kubectl(plane, args, { user: OPERATOR.user })).stdout === "yes\n" || undefined;
  });
  await using rig = await OperatorRig.start(plane, { user: OPERATOR.user });
  const v1 = new V1(rig);
  const v2 = new V2(rig, "second");
  await v1.establish();
  await v2.createBinding();
  await v2.ready();
  await use(rig, v1, v2);
}

withHelm("guides: installing with Helm, and metrics of all kinds", async (plane) => {
  await runGuide(plane, "helm");
  const field = async (name: string, path: string) =>
    await kubectlOk(plane, ["get", name, ...IN_RELEASE, `-o=jsonpath={${path}}`]);
  const operator = "deployment/msi-acrpull-controller-manager";
  assert.equal(await field(operator, ".spec.replicas"), "3");
  const label = ".metadata.labels.pod-security\\.kubernetes\\.io/enforce";
  assert.equal(await field(`namespace/${NAMESPACE}`, label), "restricted");

  await runGuide(plane, "metrics-reader");
  assert.match(await field(operator, ".spec.template.spec.containers[0].args"), /--metrics-secure/);
  await kubectlOk(plane, ["create", "namespace", "monitoring"]);
  await kubectlOk(plane, ["create", "serviceaccount", "prometheus", "--namespace=monitoring"]);
  const reader = ["auth", "can-i", "get", "/metrics"];
  const prometheus = { user: "system:serviceaccount:monitoring:prometheus" };
  await eventually(
    "Prometheus may read",
    async () => (await kubectl(plane, reader, prometheus)).stdout === "yes\n" || undefined,
  );

  await runGuide(plane, "metrics-scraper");
  const scraper = { user: `system:serviceaccount:${NAMESPACE}:metrics-scraper` };
  await eventually(
    "the scraper may read",
    async () => (await kubectl(plane, reader, scraper)).stdout === "yes\n" || undefined,
  );
  assert.equal(
    await field("secret/metrics-scraper", ".type"),
    "kubernetes.io/service-account-token",
  );

  const flags = [...IN_RELEASE, "--reuse-values", "--set", "serviceMonitor.enabled=true"];
  const early = await helmOnChart(["upgrade", RELEASE], flags, plane);
  assert.equal(early.code, 1);
  assert.match(early.stderr, /no matches for kind "ServiceMonitor"/);
  await installMonitorCrds(plane);
  await runGuide(plane, "service-monitor");
  await runGuide(plane, "pod-monitor");
  const monitors = ["get", "servicemonitors,podmonitors", ...IN_RELEASE, "-o=name"];
  assert.deepEqual((await kubectlOk(plane, monitors)).trim().split("\n").sort(), [
    "podmonitor.monitoring.coreos.com/msi-acrpull-controller-manager",
    "servicemonitor.monitoring.coreos.com/msi-acrpull-controller-manager",
  ]);
});

withHelm(
  "guides: the values shown for the network policy are what the chart takes",
  async () => {
    const values = await Deno.makeTempFile({ suffix: ".yaml" });
    try {
      await Deno.writeTextFile(values, guideBlock("network-policy"));
      const { code, stdout, stderr } = await helmOnChart(
        ["template", RELEASE],
        [...IN_RELEASE, "-f", values],
      );
      assert.equal(code, 0, stderr);
      const policy = parseAllDocuments(stdout).map((each) => each.toJS())
        .find((object) => object?.kind === "NetworkPolicy");
      assert.deepEqual(policy.spec.egress.map(({ ports }: Rule) => ports.map(({ port }) => port)), [
        [53, 53],
        [80],
        [443],
        [3128],
      ]);
    } finally {
      await Deno.remove(values);
    }
  },
);

withHelm(
  "guides: the values shown for OpenShift leave the user to it, and let DNS pass",
  async () => {
    const values = await Deno.makeTempFile({ suffix: ".yaml" });
    try {
      await Deno.writeTextFile(values, guideBlock("openshift"));
      const given = [...IN_RELEASE, "-f", values];
      const { code, stdout, stderr } = await helmOnChart(["template", RELEASE], given);
      assert.equal(code, 0, stderr);
      assert.doesNotMatch(stdout, /runAsUser|runAsGroup|fsGroup|supplementalGroups|seLinuxOptions/);
      const objects = parseAllDocuments(stdout).map((each) => each.toJS());
      const { spec } = objects.find((object) => object?.kind === "Deployment").spec.template;
      assert.deepEqual(spec.securityContext, {
        runAsNonRoot: true,
        seccompProfile: { type: "RuntimeDefault" },
      });
      const policy = objects.find((object) => object?.kind === "NetworkPolicy");
      const ports = policy.spec.egress.at(-1).ports;
      assert.deepEqual(ports, [{ port: 5353, protocol: "UDP" }, { port: 5353, protocol: "TCP" }]);
    } finally {
      await Deno.remove(values);
    }
  },
);

withHelm("guides: the values shown for metrics let nobody pass unverified", async () => {
  const certificate = parse(guideBlock("metrics-certificate"));
  const values = await Deno.makeTempFile({ suffix: ".yaml" });
  try {
    await Deno.writeTextFile(values, guideBlock("metrics-verified"));
    const given = ["--namespace", NAMESPACE, "-f", values];
    const { code, stdout, stderr } = await helmOnChart(["template", RELEASE], given);
    assert.equal(code, 0, stderr);
    const objects = parseAllDocuments(stdout).map((each) => each.toJS());
    const monitor = objects.find((object) => object?.kind === "ServiceMonitor");
    const service = objects.find((object) => object?.kind === "Service");
    const [dnsName] = certificate.spec.dnsNames;
    assert.equal(dnsName, `${service.metadata.name}.${NAMESPACE}.svc`);
    const { tlsConfig, authorization } = monitor.spec.endpoints[0];
    const secret = { name: certificate.spec.secretName, key: "ca.crt" };
    assert.deepEqual(tlsConfig, {
      insecureSkipVerify: false,
      ca: { secret },
      serverName: dnsName,
    });
    const credentials = { name: "metrics-scraper", key: "token" };
    assert.deepEqual(authorization, { type: "Bearer", credentials });
  } finally {
    await Deno.remove(values);
  }
});

interface Rule {
  readonly ports: readonly { readonly port: number }[];
}

withHelm("guides: what Prometheus alone looks for is what the pods have", () => {
  const [job] = (parse(guideBlock("scrape")) as {
    scrape_configs: { relabel_configs: { source_labels: string[]; regex: string }[] }[];
  }).scrape_configs;
  const [{ source_labels, regex } = { source_labels: [], regex: "" }] = job!.relabel_configs;
  const { spec } = deployment({ ...DEFAULTS, metricsSecure: true }) as unknown as {
    spec: {
      template: {
        metadata: { labels: Record<string, string> };
        spec: { containers: { ports: { name: string; containerPort: number }[] }[] };
      };
    };
  };
  const { metadata, spec: { containers } } = spec.template;
  const label = "app.kubernetes.io/name";
  assert.deepEqual(source_labels, [
    `__meta_kubernetes_pod_label_${label.replaceAll(/[^a-z]/g, "_")}`,
    "__meta_kubernetes_pod_container_port_name",
  ]);
  const port = containers[0]!.ports.find(({ containerPort }) => containerPort === 8443)!;
  assert.equal(regex, `${metadata.labels[label]};${port.name}`);
  return Promise.resolve();
});

withHelm(
  "guides: uninstalling with Helm leaves nothing stuck, and CRDs as it says",
  async (plane) => {
    assert.ok((await installed(plane)).length > 10, "the release of the test before is there");
    await withBindings(plane, async (_rig, v1, v2) => {
      await runGuide(plane, "delete-bindings");
      const left = ["get", "--all-namespaces", "-o=name", BINDINGS.join(",")];
      assert.equal(await kubectlOk(plane, left), "");
      assert.deepEqual([await v1.secret(), await v2.secret()], [undefined, undefined]);
    });
    assert.match(await runGuide(plane, "helm-uninstall"), /kept due to the resource policy/);
    assert.deepEqual(await installed(plane), []);
    assert.deepEqual(await crds(plane), BINDINGS);

    const given = [...IN_RELEASE, "--set", "crds.keep=false"];
    const again = await helmOnChart(["install", RELEASE], given, plane);
    assert.equal(again.code, 0, again.stderr);
    await withBindings(plane, async (rig) => {
      await rig.stopOperator();
      const removed = await helm(["uninstall", RELEASE, ...IN_RELEASE], plane);
      assert.equal(removed.code, 0, removed.stderr);
      assert.deepEqual(await crds(plane), BINDINGS, "bindings with finalizers hold up their CRDs");
      await runGuide(plane, "release-bindings");
      await eventually(
        "the CRDs are gone",
        async () => (await crds(plane)).length === 0 || undefined,
        30_000,
      );
    });
    assert.deepEqual(await installed(plane), []);
  },
);
