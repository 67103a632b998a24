import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { parseAllDocuments } from "yaml";
import { differences, type SourceFile } from "../../../deploy/generate.ts";
import { installation } from "../../../deploy/manifests/installation.ts";
import { LABELS, type Manifest, NAMES } from "../../../deploy/manifests/manifest.ts";
import { DEFAULTS, type Settings } from "../../../deploy/manifests/settings.ts";
import { derivedFiles, installationFiles, readCrds, readSources } from "../../../deploy/render.ts";
import { denialIn } from "../../../src/kubernetes/http/denial.ts";
import { pathOf, prunedKinds } from "../../../deploy/cluster/resources.ts";

const ROOT = fileURLToPath(new URL("../../../", import.meta.url));

const EVERYTHING: Settings = { ...DEFAULTS, metricsSecure: true, tenantPolicy: true };

/** Every setting that adds or takes away an object or a rule, alone. */
const VARIANTS: readonly Partial<Settings>[] = [
  {},
  { metricsSecure: true },
  { tenantPolicy: true },
  { secretAccess: "get" },
  { workloadIdentity: false },
  { policies: false },
  { networkPolicy: false },
];

function objectsOf(settings: Settings): string[] {
  return installation(settings).map(({ kind, metadata }) => `${kind}/${metadata.name}`);
}

function find(settings: Partial<Settings>, name: string): Manifest {
  const all = installation({ ...DEFAULTS, ...settings });
  return all.find(({ kind, metadata }) => `${kind}/${metadata.name}` === name)!;
}

Deno.test("deploy/latest and what else is rendered is what deno task deploy writes", () => {
  const crds = readCrds(ROOT);
  const expected = [
    ...installationFiles(DEFAULTS, crds, "deploy/latest"),
    ...derivedFiles(readSources(ROOT)),
  ];
  const actual: SourceFile[] = expected.map(({ path }) => ({
    path,
    text: Deno.readTextFileSync(`${ROOT}${path}`),
  }));
  assert.deepEqual(differences(expected, actual), []);
});

Deno.test("the YAML holds exactly the objects, and both CRDs", () => {
  const [crds, rest] = installationFiles(EVERYTHING, readCrds(ROOT), "x");
  const objects = (text: string) => parseAllDocuments(text).map((each) => each.toJS() as Manifest);
  assert.deepEqual(objects(rest!.text), installation(EVERYTHING));
  assert.deepEqual(objects(crds!.text).map(({ metadata }) => metadata.name), [
    "acrpullbindings.acrpull.microsoft.com",
    "acrpullbindings.msi-acrpull.microsoft.com",
  ]);
});

Deno.test("every object that can be installed has a place at the API server", () => {
  for (const manifest of installation(EVERYTHING)) {
    assert.match(pathOf(manifest), /^\/apis?\/.*\/[^/]+$/);
  }
  assert.equal(
    pathOf(find({}, "Deployment/msi-acrpull-controller-manager")),
    "/apis/apps/v1/namespaces/msi-acrpull-system/deployments/msi-acrpull-controller-manager",
  );
  assert.throws(() => pathOf({ apiVersion: "v1", kind: "Pod", metadata: { name: "x" } }), {
    name: "RangeError",
    message: "no plural is known for kind Pod",
  });
});

Deno.test("policies are there before the rights that they narrow, and go after them", () => {
  const isPolicy = (kind: string) => kind.startsWith("ValidatingAdmissionPolicy");
  const isRight = (kind: string) => /^(Cluster)?Role(Binding)?$/.test(kind);
  for (const variant of VARIANTS) {
    const kinds = installation({ ...DEFAULTS, ...variant }).map(({ kind }) => kind);
    assert.ok(kinds.some(isRight));
    assert.ok(kinds.findLastIndex(isPolicy) < kinds.findIndex(isRight), kinds.join(" "));
  }
  const pruned = prunedKinds().map(({ kind }) => kind);
  assert.ok(pruned.findLastIndex(isRight) < pruned.findIndex(isPolicy), pruned.join(" "));
});

Deno.test("the namespace comes first and the Deployment last", () => {
  for (const variant of VARIANTS) {
    const objects = objectsOf({ ...DEFAULTS, ...variant });
    assert.equal(objects[0], "Namespace/msi-acrpull-system");
    assert.equal(objects.at(-1), "Deployment/msi-acrpull-controller-manager");
    assert.equal(new Set(objects).size, objects.length);
  }
});

Deno.test("a namespace that is somebody else's is no part of the installation", () => {
  const kept = objectsOf({ ...EVERYTHING, createNamespace: false });
  assert.deepEqual([`Namespace/${DEFAULTS.namespace}`, ...kept], objectsOf(EVERYTHING));
});

Deno.test("what keeps the lists followed is the same everywhere, and no label finds it", () => {
  const keptIn = (namespace: string) =>
    installation({ ...EVERYTHING, namespace })
      .filter(({ metadata }) => metadata.name === NAMES.keepAlive);
  const kept = keptIn("a");
  assert.deepEqual(kept, keptIn("b"));
  assert.deepEqual(kept.map(({ kind }) => kind), [
    "ValidatingAdmissionPolicy",
    "ValidatingAdmissionPolicyBinding",
  ]);
  for (const { metadata } of kept) {
    assert.notEqual(
      metadata.labels!["app.kubernetes.io/name"],
      LABELS["app.kubernetes.io/name"],
    );
  }
});

Deno.test("no rule has a star, whatever is asked for", () => {
  for (const variant of VARIANTS) {
    for (const { rules = [] } of installation({ ...DEFAULTS, ...variant })) {
      assert.ok(!JSON.stringify(rules).includes('"*"'));
    }
  }
});

interface Role {
  rules: { resources: string[]; verbs: string[] }[];
}

function verbsOn(resource: string, settings: Partial<Settings>): string[] {
  const { rules } = find(settings, "ClusterRole/msi-acrpull-manager-role") as unknown as Role;
  return rules.filter(({ resources }) => resources.includes(resource))
    .flatMap(({ verbs }) => verbs);
}

Deno.test("rights follow the settings", () => {
  const all = ["get", "list", "watch", "create", "patch", "delete"];
  assert.deepEqual(verbsOn("secrets", {}), all);
  assert.deepEqual(verbsOn("secrets", { secretAccess: "get" }), [
    "get",
    "create",
    "patch",
    "delete",
  ]);
  assert.deepEqual(verbsOn("serviceaccounts/token", {}), ["create"]);
  assert.deepEqual(verbsOn("serviceaccounts/token", { workloadIdentity: false }), []);
  assert.deepEqual(verbsOn("tokenreviews", {}), []);
  assert.deepEqual(verbsOn("tokenreviews", { metricsSecure: true }), ["create"]);
});

interface Policy extends Manifest {
  readonly spec: { readonly validations?: readonly { readonly message?: string }[] };
}

Deno.test("what a policy refuses the operator is short enough for a status to tell whole", () => {
  const policies = installation(DEFAULTS)
    .filter(({ kind }) => kind === "ValidatingAdmissionPolicy") as unknown as Policy[];
  assert.ok(policies.length >= 4);
  for (const { metadata: { name }, spec: { validations = [] } } of policies) {
    assert.ok(validations.length > 0, name);
    for (const { message } of validations) {
      const told = `ValidatingAdmissionPolicy '${name}' with binding '${name}' denied request: ` +
        message;
      assert.equal(denialIn(`secrets "x" is forbidden: ${told}`)?.message, told);
    }
  }
});

interface PodSecurity {
  spec: {
    template: {
      spec: {
        securityContext: Record<string, unknown>;
        containers: { securityContext: Record<string, unknown> }[];
        volumes?: unknown[];
      };
    };
  };
}

const RESTRICTED = { runAsNonRoot: true, seccompProfile: { type: "RuntimeDefault" } };
const OF_CONTAINER = {
  allowPrivilegeEscalation: false,
  capabilities: { drop: ["ALL"] },
  readOnlyRootFilesystem: true,
};

for (
  const [what, fixedUser, user] of [
    ["as its own user", true, { runAsUser: 1000, runAsGroup: 3000 }],
    ["as whom the cluster assigns", false, {}],
  ] as const
) {
  Deno.test(`the pod is as Pod Security restricted asks, ${what}`, () => {
    const { spec } = find(
      { fixedUser, azureCa: { name: "ca", key: "ca.crt" } },
      "Deployment/msi-acrpull-controller-manager",
    ) as unknown as PodSecurity;
    const pod = spec.template.spec;
    // No fsGroup, supplementalGroups or seLinuxOptions either, which restricted-v2 assigns, too.
    assert.deepEqual(pod.securityContext, { ...RESTRICTED, ...user });
    assert.deepEqual(pod.containers.map(({ securityContext }) => securityContext), [OF_CONTAINER]);
    assert.deepEqual(pod.volumes?.map((volume) => Object.keys(volume as object)), [
      ["name", "configMap"],
    ]);
  });
}

Deno.test("a missing ConfigMap of authorities does not keep the operator from saying so in its log", () => {
  const { spec } = find(
    { azureCa: { name: "trust", key: "bundle.pem" } },
    "Deployment/msi-acrpull-controller-manager",
  ) as unknown as PodSecurity;
  assert.deepEqual(spec.template.spec.volumes, [{
    name: "azure-ca",
    configMap: {
      name: "trust",
      items: [{ key: "bundle.pem", path: "ca.crt" }],
      optional: true,
    },
  }]);
});

Deno.test("the Deployment has the names and figures of the first release", () => {
  const { metadata, spec } = find({}, "Deployment/msi-acrpull-controller-manager") as unknown as {
    metadata: unknown;
    spec: {
      replicas: number;
      selector: unknown;
      template: {
        spec: { terminationGracePeriodSeconds: number; containers: Record<string, unknown>[] };
      };
    };
  };
  const [container] = spec.template.spec.containers;
  assert.deepEqual(metadata, {
    name: "msi-acrpull-controller-manager",
    namespace: "msi-acrpull-system",
    labels: { "control-plane": "controller-manager", "app.kubernetes.io/name": "msi-acrpull" },
  });
  assert.deepEqual(spec.selector, { matchLabels: { "control-plane": "controller-manager" } });
  assert.deepEqual([spec.replicas, spec.template.spec.terminationGracePeriodSeconds], [2, 10]);
  assert.deepEqual(container!.command, ["/manager"]);
  assert.deepEqual(container!.resources, {
    limits: { cpu: "100m", memory: "100Mi" },
    requests: { cpu: "100m", memory: "20Mi" },
  });
});
