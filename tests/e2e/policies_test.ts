import assert from "node:assert/strict";
import { V1 } from "../suites/v1beta1_objects.ts";
import { federatedBy, V2 } from "../suites/v1beta2_objects.ts";
import { OperatorRig, type RigOptions } from "../suites/operator_rig.ts";
import type { ControlPlane } from "./servers/control_plane.ts";
import { deployTo } from "./servers/deploy_task.ts";
import { e2e } from "./servers/gate.ts";
import { eventually } from "../suites/eventually.ts";
import { kubectl, kubectlOk } from "./servers/kubectl.ts";
import { OPERATOR } from "./servers/manifests.ts";
import { asOperator, createAsAdmin, denial, patchAsOperator } from "./servers/policies.ts";

const CLIENT_ID = "1b461305-28be-5271-beda-bd9fd2e24251";
const LABELS = { "acr.microsoft.com/binding": "pull" };
const DATA = { ".dockerconfigjson": btoa('{"auths":{}}') };

let installed: Promise<void> | undefined;

/** A test with everything in force that deploy/latest holds, and the policy for tenants. */
function withPolicies(name: string, test: (plane: ControlPlane) => Promise<void>): void {
  e2e(name, async (plane) => {
    await (installed ??= install(plane));
    await test(plane);
  });
}

async function install(plane: ControlPlane): Promise<void> {
  const { code, stderr } = await deployTo(plane, ["--apply"]);
  assert.equal(code, 0, stderr);
  const namespace = await plane.createNamespace();
  await eventually("the policies are in force", async () => {
    const { stderr } = await asOperator(plane, namespace, secret({ type: "Opaque" }));
    return stderr.includes("'msi-acrpull-secrets'") || undefined;
  });
}

interface SecretChange {
  name?: string;
  type?: string;
  labels?: Record<string, string>;
  owners?: unknown[];
  annotations?: Record<string, string>;
}

const OWNER = {
  apiVersion: "acrpull.microsoft.com/v1beta2",
  kind: "AcrPullBinding",
  name: "pull",
  uid: "0e3a4a10-7d9f-4e0f-9a43-3f0b4c3e6b57",
};
const CONFIG_MAP_OWNER = { ...OWNER, apiVersion: "v1", kind: "ConfigMap", uid: "another" };

function secret(change: SecretChange) {
  const { name = "acr-pull-pull", type, labels = LABELS, owners = [OWNER], annotations } = change;
  return {
    apiVersion: "v1",
    kind: "Secret",
    type: type ?? "kubernetes.io/dockerconfigjson",
    metadata: { name, labels, annotations, ownerReferences: owners },
    data: DATA,
  };
}

const SECRET_CASES: readonly [string, SecretChange, string | undefined][] = [
  ["one as it makes them", {}, undefined],
  ["one of the first release's name", { name: "pull-msi-acrpull-secret" }, undefined],
  ["of another type", { type: "Opaque" }, "the operator writes only Secrets of type"],
  [
    "that the cluster would fill with a token",
    {
      type: "kubernetes.io/service-account-token",
      annotations: { "kubernetes.io/service-account.name": "default" },
    },
    "the operator writes only Secrets of type",
  ],
  ["without the label", { labels: {} }, "the operator writes only Secrets with label"],
  ["of another name", { name: "other" }, "the operator writes only Secrets named"],
  ["without an owner", { owners: [] }, "the operator writes only Secrets with one AcrPullBinding"],
  [
    "with an owner of another kind",
    { owners: [CONFIG_MAP_OWNER] },
    "the operator writes only Secrets with one AcrPullBinding",
  ],
  [
    "with two owners",
    { owners: [OWNER, { ...OWNER, uid: "second" }] },
    "the operator writes only Secrets with one AcrPullBinding",
  ],
];

withPolicies("the operator creates Secrets of its own kind and no others", async (plane) => {
  for (const [name, change, refusal] of SECRET_CASES) {
    const namespace = await plane.createNamespace();
    const { code, stderr } = await asOperator(plane, namespace, secret(change));
    if (refusal === undefined) assert.equal(code, 0, `${name}: ${stderr}`);
    else assert.match(stderr, denial("msi-acrpull-secrets", refusal), name);
  }
});

withPolicies("the operator changes a Secret's data, not its owner or labels", async (plane) => {
  const namespace = await plane.createNamespace();
  await createAsAdmin(plane, namespace, secret({}));
  const patch = (body: unknown) => patchAsOperator(plane, namespace, "secret/acr-pull-pull", body);
  const data = { ".dockerconfigjson": btoa('{"auths":{"a":{}}}') };
  assert.equal((await patch({ data })).stderr, "");
  const owners = await patch({
    metadata: { ownerReferences: [{ ...OWNER, uid: "another" }] },
  });
  assert.match(
    owners.stderr,
    denial("msi-acrpull-secrets", "the operator never changes the owner"),
  );
  const labels = await patch({ metadata: { labels: { "acr.microsoft.com/binding": "other" } } });
  assert.match(
    labels.stderr,
    denial("msi-acrpull-secrets", "the operator changes labels only of a Secret of the first"),
  );
});

withPolicies("the operator labels a Secret of the first release", async (plane) => {
  const namespace = await plane.createNamespace();
  const name = "pull-msi-acrpull-secret";
  await createAsAdmin(plane, namespace, secret({ name, labels: {} }));
  const patch = { metadata: { labels: LABELS } };
  const { stderr } = await patchAsOperator(plane, namespace, `secret/${name}`, patch);
  assert.equal(stderr, "");
});

withPolicies("the operator deletes only what a binding owns or its label marks", async (plane) => {
  const namespace = await plane.createNamespace();
  await createAsAdmin(plane, namespace, secret({ name: "database", labels: {}, owners: [] }));
  await createAsAdmin(plane, namespace, secret({ labels: {}, type: "Opaque" }));
  const remove = (name: string) =>
    kubectl(plane, ["delete", "-n", namespace, `secret/${name}`], { user: OPERATOR.user });
  assert.match(
    (await remove("database")).stderr,
    denial("msi-acrpull-secrets", "the operator deletes only Secrets that a binding owns"),
  );
  assert.equal((await remove("acr-pull-pull")).stderr, "");
});

const ACCOUNT = {
  apiVersion: "v1",
  kind: "ServiceAccount",
  metadata: { name: "app", annotations: { team: "theirs" } },
  imagePullSecrets: [{ name: "z-theirs" }, { name: "a-theirs" }],
};

const ACCOUNT_CASES: readonly [string, unknown, string | undefined][] = [
  ["adds references of both kinds", {
    imagePullSecrets: [
      { name: "z-theirs" },
      { name: "a-theirs" },
      { name: "acr-pull-pull" },
      { name: "pull-msi-acrpull-secret" },
    ],
  }, undefined],
  [
    "removes a reference of others",
    { imagePullSecrets: [{ name: "z-theirs" }] },
    "the operator adds and removes only pull secrets named",
  ],
  [
    "adds another's reference",
    { imagePullSecrets: [{ name: "z-theirs" }, { name: "a-theirs" }, { name: "database" }] },
    "the operator adds and removes only pull secrets named",
  ],
  [
    "reorders the references of others",
    { imagePullSecrets: [{ name: "a-theirs" }, { name: "z-theirs" }] },
    "the operator adds and removes only pull secrets named",
  ],
  [
    "mounts tokens",
    { automountServiceAccountToken: true },
    "the operator changes nothing of a service account but its imagePullSecrets",
  ],
  [
    "names another identity",
    { metadata: { annotations: { "azure.workload.identity/client-id": CLIENT_ID } } },
    "the operator changes nothing of a service account but its imagePullSecrets",
  ],
  [
    "adds a token",
    { secrets: [{ name: "token" }] },
    "the operator changes nothing of a service account but its imagePullSecrets",
  ],
];

withPolicies("the operator changes its own references of service accounts alone", async (plane) => {
  for (const [name, patch, refusal] of ACCOUNT_CASES) {
    const namespace = await plane.createNamespace();
    await createAsAdmin(plane, namespace, ACCOUNT);
    const { code, stderr } = await patchAsOperator(plane, namespace, "serviceaccount/app", patch);
    if (refusal === undefined) assert.equal(code, 0, `${name}: ${stderr}`);
    else assert.match(stderr, denial("msi-acrpull-service-accounts", refusal), name);
  }
});

withPolicies("nobody but the operator is held to its policies", async (plane) => {
  const namespace = await plane.createNamespace();
  await createAsAdmin(plane, namespace, ACCOUNT);
  await createAsAdmin(plane, namespace, secret({ name: "database", labels: {}, owners: [] }));
  await createAsAdmin(plane, namespace, {
    apiVersion: "rbac.authorization.k8s.io/v1",
    kind: "RoleBinding",
    metadata: { name: "node" },
    roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "cluster-admin" },
    subjects: [{ apiGroup: "rbac.authorization.k8s.io", kind: "User", name: "system:node:one" }],
  });
  const node = { user: "system:node:one" };
  const token = await eventually("the node may act", async () => {
    const args = ["create", "token", "app", "-n", namespace];
    const { code, stdout } = await kubectl(plane, args, node);
    return code === 0 ? stdout : undefined;
  });
  assert.match(token, /^ey/);
  await kubectlOk(plane, ["delete", "-n", namespace, "secret/database"], node);
});

/** Runs the operator as its own account, and answers what the binding says is wrong. */
async function statusOf(
  plane: ControlPlane,
  options: RigOptions,
  prepare: (rig: OperatorRig) => Promise<V1 | V2>,
): Promise<string> {
  await using rig = await OperatorRig.start(plane, { ...options, user: OPERATOR.user });
  return await (await prepare(rig)).errorOnce();
}

withPolicies("the operator mints for a workload identity", async (plane) => {
  await using rig = await OperatorRig.start(plane, { user: OPERATOR.user });
  await new V2(rig).establishFederated();
});

withPolicies(
  "the status names the policy that stops a token for another audience",
  async (plane) => {
    const error = await statusOf(
      plane,
      { args: ["--service-account-token-audience=api://elsewhere"] },
      async (other) => {
        const v2 = new V2(other);
        await v2.createAccount("default", [], {
          "azure.workload.identity/client-id": CLIENT_ID,
          "azure.workload.identity/tenant-id": "72f988bf-86f1-41af-91ab-2d7cd011db47",
        });
        await v2.createBinding({ spec: federatedBy("default") });
        return v2;
      },
    );
    assert.match(
      error,
      denial(
        "msi-acrpull-token-requests",
        "the operator mints service account tokens for api://AzureCRTokenExchange alone",
      ),
    );
  },
);

withPolicies("the status names the policy that stops the write of a Secret", async (plane) => {
  const error = await statusOf(plane, {}, async (rig) => {
    const v1 = new V1(rig);
    await v1.establish();
    const { metadata } = (await v1.secret())!;
    const ownerReferences = [...metadata.ownerReferences!, CONFIG_MAP_OWNER];
    await v1.patchSecret({ metadata: { ownerReferences } });
    await v1.patchBinding({ spec: { acrServer: "other.azurecr.io" } });
    return v1;
  });
  assert.match(
    error,
    denial("msi-acrpull-secrets", "the operator writes only Secrets with one AcrPullBinding"),
  );
});
