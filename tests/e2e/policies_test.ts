import assert from "node:assert/strict";
import { v1beta1SecretName } from "../../src/controller/binding/v1beta1.ts";
import { v1beta2SecretName } from "../../src/controller/binding/v1beta2.ts";
import { labelValue } from "../../src/controller/names.ts";
import { eventually } from "../suites/eventually.ts";
import type { ControlPlane } from "./servers/control_plane.ts";
import { kubectl, kubectlOk } from "./servers/kubectl.ts";
import { OPERATOR } from "./servers/manifests.ts";
import {
  asOperator,
  createAsAdmin,
  createToken,
  denial,
  mayDoAll,
  patchAsOperator,
  withPolicies,
} from "./servers/policies.ts";

const CLIENT_ID = "1b461305-28be-5271-beda-bd9fd2e24251";
const LABELS = { "acr.microsoft.com/binding": "pull" };
const DATA = { ".dockerconfigjson": btoa('{"auths":{}}') };

interface SecretChange {
  name?: string;
  type?: string;
  labels?: Record<string, string>;
  owners?: unknown[];
  annotations?: Record<string, string>;
  finalizers?: string[];
  more?: Record<string, unknown>;
}

const OWNER = {
  apiVersion: "acrpull.microsoft.com/v1beta2",
  kind: "AcrPullBinding",
  name: "pull",
  uid: "0e3a4a10-7d9f-4e0f-9a43-3f0b4c3e6b57",
};
const V1_OWNER = { ...OWNER, apiVersion: "msi-acrpull.microsoft.com/v1beta1" };
const CONFIG_MAP_OWNER = { ...OWNER, apiVersion: "v1", kind: "ConfigMap", uid: "another" };

function secret(change: SecretChange) {
  const { name = "acr-pull-pull", type, labels = LABELS, owners = [OWNER], more = {} } = change;
  const { annotations, finalizers } = change;
  return {
    apiVersion: "v1",
    kind: "Secret",
    type: type ?? "kubernetes.io/dockerconfigjson",
    metadata: { name, labels, annotations, finalizers, ownerReferences: owners },
    data: DATA,
    ...more,
  };
}

const FINALIZERS = ["example.com/hold"];
const EXPIRY = { "acr.microsoft.com/token.expiry": "2030-01-01T00:00:00Z" };

/** What the operator creates for a binding of this name. */
function v2Of(name: string): SecretChange {
  const labels = { "acr.microsoft.com/binding": labelValue(name) };
  return { name: v1beta2SecretName(name), labels, owners: [{ ...OWNER, name }] };
}

function v1Of(name: string): SecretChange {
  return { ...v2Of(name), name: v1beta1SecretName(name), owners: [{ ...V1_OWNER, name }] };
}

type SecretCase = readonly [string, SecretChange, string | undefined];
const SECRET_CASES: readonly SecretCase[] = [
  ["one as it makes them", {}, undefined],
  ["one with the annotations that it keeps", { annotations: EXPIRY }, undefined],
  ["one of the first release", { name: "pull-msi-acrpull-secret", owners: [V1_OWNER] }, undefined],
  ...[
    "x".repeat(233),
    "x".repeat(234),
    `${"x".repeat(232)}.y`,
    `${"y".repeat(51)}.${"z".repeat(12)}`,
  ]
    .map((name): SecretCase => [`one of v1beta2, ${name}`, v2Of(name), undefined]),
  ...["x".repeat(234), "x".repeat(235), `${"x".repeat(222)}.${"y".repeat(20)}`]
    .map((name): SecretCase => [`one of v1beta1, ${name}`, v1Of(name), undefined]),
  [
    "named after another binding",
    { name: "acr-pull-other" },
    "the operator names a Secret after the AcrPullBinding that owns it",
  ],
  [
    "named after more than its binding",
    { name: "acr-pull-pull-more" },
    "the operator names a Secret after the AcrPullBinding that owns it",
  ],
  [
    "named after another of its owner's great length",
    { ...v2Of("x".repeat(240)), name: v2Of("y".repeat(240)).name! },
    "the operator names a Secret after the AcrPullBinding that owns it",
  ],
  [
    "named as the other API's bindings are",
    { name: "pull-msi-acrpull-secret" },
    "the operator names a Secret after the AcrPullBinding that owns it",
  ],
  [
    "owned by a version that is none",
    { owners: [{ ...OWNER, apiVersion: "acrpull.microsoft.com/v1" }] },
    "the operator names a Secret after the AcrPullBinding that owns it",
  ],
  [
    "with another binding's label",
    { labels: { "acr.microsoft.com/binding": "other" } },
    "the operator labels a Secret with the AcrPullBinding that owns it",
  ],
  [
    "with an empty label",
    { labels: { "acr.microsoft.com/binding": "" } },
    "the operator labels a Secret with the AcrPullBinding that owns it",
  ],
  [
    "with the label of another of its owner's great length",
    {
      ...v2Of("x".repeat(64)),
      labels: { "acr.microsoft.com/binding": labelValue("y".repeat(64)) },
    },
    "the operator labels a Secret with the AcrPullBinding that owns it",
  ],
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
  [
    "with another's label",
    { labels: { ...LABELS, "argocd.argoproj.io/secret-type": "cluster" } },
    "the operator writes no label of a Secret but acr.microsoft.com/binding",
  ],
  [
    "with another's annotation",
    { annotations: { ...EXPIRY, "reflector/reflect": "true" } },
    "the operator writes no annotation of a Secret but acr.microsoft.com/token.*",
  ],
  [
    "with other data",
    { more: { data: { ...DATA, token: btoa("x") } } },
    "the operator writes no data of a Secret but .dockerconfigjson",
  ],
  [
    "with other data as text",
    { more: { stringData: { token: "x" } } },
    "the operator writes no data of a Secret but .dockerconfigjson",
  ],
  [
    "that would stay",
    { finalizers: FINALIZERS },
    "the operator sets neither finalizers of a Secret nor immutable",
  ],
  [
    "that would remain as it is",
    { more: { immutable: true } },
    "the operator sets neither finalizers of a Secret nor immutable",
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

const EXTRA = { "example.com/team": "theirs" };
/** A Secret of the operator's to which others have added what they may. */
const ADORNED = secret({
  labels: { ...LABELS, ...EXTRA },
  annotations: { ...EXPIRY, ...EXTRA },
  finalizers: FINALIZERS,
  more: { data: { ...DATA, theirs: btoa("x") } },
});

const SECRET_CHANGES: readonly [string, unknown, string | undefined][] = [
  ["a new token", {
    metadata: { annotations: { ...EXPIRY, "acr.microsoft.com/token.identity": null } },
    data: { ".dockerconfigjson": btoa('{"auths":{"a":{}}}') },
  }, undefined],
  [
    "the owner",
    { metadata: { ownerReferences: [{ ...OWNER, uid: "another" }] } },
    "the operator never changes the owner of a Secret",
  ],
  [
    "its own label",
    { metadata: { labels: { "acr.microsoft.com/binding": "other" } } },
    "the operator changes labels only of a Secret of the first",
  ],
  [
    "another's label",
    { metadata: { labels: { "example.com/team": null } } },
    "the operator changes labels only of a Secret of the first",
  ],
  [
    "another's annotation",
    { metadata: { annotations: { "example.com/team": "ours" } } },
    "the operator writes no annotation of a Secret but",
  ],
  [
    "another's data",
    { data: { theirs: btoa("y") } },
    "the operator writes no data of a Secret but .dockerconfigjson",
  ],
  [
    "away another's data",
    { data: { theirs: null } },
    "the operator writes no data of a Secret but .dockerconfigjson",
  ],
  [
    "the finalizers",
    { metadata: { finalizers: null } },
    "the operator sets neither finalizers of a Secret nor immutable",
  ],
  [
    "it into an immutable one",
    { immutable: true },
    "the operator sets neither finalizers of a Secret nor immutable",
  ],
];

withPolicies("the operator changes of a Secret what it keeps there and no more", async (plane) => {
  for (const [name, patch, refusal] of SECRET_CHANGES) {
    const namespace = await plane.createNamespace();
    await createAsAdmin(plane, namespace, ADORNED);
    const { code, stderr } = await patchAsOperator(plane, namespace, "secret/acr-pull-pull", patch);
    if (refusal === undefined) assert.equal(code, 0, `${name}: ${stderr}`);
    else assert.match(stderr, denial("msi-acrpull-secrets", refusal), name);
  }
});

withPolicies("the operator labels a Secret of the first release, and no more", async (plane) => {
  const namespace = await plane.createNamespace();
  const name = "pull-msi-acrpull-secret";
  await createAsAdmin(plane, namespace, secret({ name, labels: EXTRA, owners: [V1_OWNER] }));
  const label = (labels: unknown) =>
    patchAsOperator(plane, namespace, `secret/${name}`, { metadata: { labels } });
  assert.match(
    (await label({ ...LABELS, "example.com/team": "ours" })).stderr,
    denial("msi-acrpull-secrets", "the operator writes no label of a Secret but"),
  );
  for (const value of ["other", ""]) {
    assert.match(
      (await label({ "acr.microsoft.com/binding": value })).stderr,
      denial("msi-acrpull-secrets", "the operator labels a Secret with the AcrPullBinding"),
    );
  }
  assert.equal((await label(LABELS)).stderr, "");
});

const DELETIONS: readonly [string, SecretChange, boolean][] = [
  ["one that a binding owns, altered by others", { labels: {}, type: "Opaque" }, true],
  ["one with its label under a name of old", { name: "of-old", type: "Opaque" }, true],
  ["one that others own as well", { owners: [OWNER, CONFIG_MAP_OWNER] }, true],
  ["one restored from a backup, without its owner", { owners: [] }, true],
  ["another's", { name: "database", labels: {}, owners: [] }, false],
  ["another's that a binding owns", { name: "database", labels: {} }, false],
  ["another's of its own name", { labels: {}, owners: [] }, false],
  ["another's with its label", { name: "database", owners: [] }, false],
  ["one with its name and label that another owns", { owners: [CONFIG_MAP_OWNER] }, false],
];

withPolicies("the operator deletes only Secrets of its own", async (plane) => {
  for (const [name, change, allowed] of DELETIONS) {
    const namespace = await plane.createNamespace();
    const object = secret(change);
    await createAsAdmin(plane, namespace, object);
    const { code, stderr } = await kubectl(
      plane,
      ["delete", "-n", namespace, `secret/${object.metadata.name}`],
      { user: OPERATOR.user },
    );
    if (allowed) assert.equal(code, 0, `${name}: ${stderr}`);
    else {
      const refusal = "the operator deletes only Secrets that a binding owns";
      assert.match(stderr, denial("msi-acrpull-secrets", refusal, "delete this one"), name);
    }
  }
});

withPolicies("the operator deletes no collection that holds others' Secrets", async (plane) => {
  const namespace = await plane.createNamespace();
  await mayDoAll(plane, namespace);
  await createAsAdmin(plane, namespace, secret({ name: "database", labels: {}, owners: [] }));
  const path = `/api/v1/namespaces/${namespace}/secrets`;
  const { stderr } = await kubectl(plane, ["delete", `--raw=${path}`], { user: OPERATOR.user });
  assert.match(stderr, /the operator deletes only Secrets that a binding owns/);
  await kubectlOk(plane, ["get", "-n", namespace, "secret/database"]);
});

/** Asks for what a Secret that has to be made anew takes: its end, and then its successor. */
function asked(plane: ControlPlane, namespace: string, object: ReturnType<typeof secret>) {
  const dry = ["--dry-run=server", "-n", namespace];
  const user = OPERATOR.user;
  return {
    end: () => kubectl(plane, ["delete", ...dry, `secret/${object.metadata.name}`], { user }),
    successor: () =>
      kubectl(plane, ["create", ...dry, "-f", "-"], { stdin: JSON.stringify(object), user }),
  };
}

withPolicies("the operator may ask first for whatever it may do to a Secret", async (plane) => {
  const namespace = await plane.createNamespace();
  const altered = secret({ labels: {}, type: "Opaque", more: { immutable: true } });
  await createAsAdmin(plane, namespace, altered);
  const { end, successor } = asked(plane, namespace, secret({}));
  assert.equal((await end()).stderr, "");
  assert.match((await successor()).stderr, /AlreadyExists/, "admitted, and the name still taken");
  const { stdout } = await kubectl(plane, [
    "get",
    "-n",
    namespace,
    "secret/acr-pull-pull",
    "-oyaml",
  ]);
  assert.match(stdout, /^type: Opaque$/m, "nothing was done");
});

withPolicies("to ask is held to the same as to do", async (plane) => {
  const namespace = await plane.createNamespace();
  await createAsAdmin(plane, namespace, secret({ name: "database", labels: {}, owners: [] }));
  const { end, successor } = asked(plane, namespace, secret({ name: "database" }));
  const refusal = (what: string) => denial("msi-acrpull-secrets", what);
  assert.match((await end()).stderr, refusal("the operator deletes only Secrets that a binding"));
  assert.match((await successor()).stderr, refusal("the operator writes only Secrets named"));
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
    "labels it",
    { metadata: { labels: { team: "ours" } } },
    "the operator changes nothing of a service account but its imagePullSecrets",
  ],
  [
    "lets it be owned",
    { metadata: { ownerReferences: [CONFIG_MAP_OWNER] } },
    "the operator changes nothing of a service account but its imagePullSecrets",
  ],
  [
    "keeps it from deletion",
    { metadata: { finalizers: FINALIZERS } },
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
    await mayDoAll(plane, namespace);
    await createAsAdmin(plane, namespace, ACCOUNT);
    const { code, stderr } = await patchAsOperator(plane, namespace, "serviceaccount/app", patch);
    if (refusal === undefined) assert.equal(code, 0, `${name}: ${stderr}`);
    else assert.match(stderr, denial("msi-acrpull-service-accounts", refusal), name);
  }
});

withPolicies("the operator neither creates nor deletes service accounts", async (plane) => {
  const namespace = await plane.createNamespace();
  await mayDoAll(plane, namespace);
  const refusal = denial(
    "msi-acrpull-service-accounts",
    "the operator neither creates nor deletes service accounts",
  );
  assert.match((await asOperator(plane, namespace, ACCOUNT)).stderr, refusal);
  await createAsAdmin(plane, namespace, ACCOUNT);
  const args = ["delete", "-n", namespace, "serviceaccount/app"];
  assert.match((await kubectl(plane, args, { user: OPERATOR.user })).stderr, refusal);
});

const AUDIENCES: readonly [string, readonly string[], boolean][] = [
  ["the one that Entra knows", ["api://AzureCRTokenExchange"], true],
  ["the API server's own, by naming none", [], false],
  ["the API server's own", ["https://kubernetes.default.svc.cluster.local"], false],
  ["another", ["api://AzureADTokenExchange"], false],
  ["another besides", ["api://AzureCRTokenExchange", "https://vault.example"], false],
];

withPolicies("the operator mints tokens for one audience alone", async (plane) => {
  const namespace = await plane.createNamespace();
  await createAsAdmin(plane, namespace, ACCOUNT);
  const refusal = denial(
    "msi-acrpull-token-requests",
    "the operator mints service account tokens for api://AzureCRTokenExchange alone",
  );
  for (const [name, audiences, allowed] of AUDIENCES) {
    const { stdout, stderr } = await createToken(plane, namespace, "app", audiences);
    if (allowed) assert.match(stdout, /^ey/, `${name}: ${stderr}`);
    else assert.match(stderr, refusal, name);
  }
});

const LIFETIMES: readonly [string, readonly string[], boolean][] = [
  ["as short as there is", ["--duration=600s"], true],
  ["an hour, by naming none", [], true],
  ["as long as the operator asks for", ["--duration=3600s"], true],
  ["a second more", ["--duration=3601s"], false],
  ["ten years", ["--duration=87600h"], false],
];

withPolicies("the operator mints no token for more than an hour", async (plane) => {
  const namespace = await plane.createNamespace();
  await createAsAdmin(plane, namespace, ACCOUNT);
  const refusal = denial(
    "msi-acrpull-token-requests",
    "the operator mints service account tokens for 3600 seconds at most",
  );
  const audiences = ["api://AzureCRTokenExchange"];
  for (const [name, duration, allowed] of LIFETIMES) {
    const { stdout, stderr } = await createToken(plane, namespace, "app", audiences, duration);
    if (allowed) assert.match(stdout, /^ey/, `${name}: ${stderr}`);
    else assert.match(stderr, refusal, name);
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
