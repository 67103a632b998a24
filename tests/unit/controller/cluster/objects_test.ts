import assert from "node:assert/strict";
import { APIS } from "../../../../src/controller/binding/apis.ts";
import { V1BETA1 } from "../../../../src/controller/binding/v1beta1.ts";
import * as objects from "../../../../src/controller/cluster/objects.ts";
import {
  pullSecretsOf,
  serviceAccountState,
  wholeOnly,
} from "../../../../src/controller/cluster/objects.ts";
import { bindingTrimmer } from "../../../../src/controller/cluster/trim_binding.ts";
import { faultOfClientId, faultOfTenant } from "../../../../src/azure/identity.ts";
import type {
  ObjectMeta,
  PartialObjectMetadata,
  Stored,
} from "../../../../src/kubernetes/resources/resource_client.ts";
import { NOW, time } from "../builders.ts";

const trimSecret = (secret: Stored<PartialObjectMetadata>) => objects.trimSecret(secret, APIS);
const secretState = (secret: Stored<objects.SecretMetadata>) => objects.secretState(secret, APIS);
const trimServiceAccount = (account: Parameters<typeof objects.trimServiceAccount>[0]) =>
  objects.trimServiceAccount(account, APIS);

const LABEL = "acr.microsoft.com/binding";
const EXPIRY = "acr.microsoft.com/token.expiry";

type ManagedFields = NonNullable<ObjectMeta["managedFields"]>;

const fields = (manager: string, fieldsV1: object): ManagedFields[number] => ({
  manager,
  operation: "Update",
  fieldsV1,
});
const DATA = { "f:data": { "f:.dockerconfigjson": {} } };
const annotation = (name: string) => ({ "f:metadata": { "f:annotations": { [`f:${name}`]: {} } } });
const US = "msi-acrpull-deno";

function secret(change: Partial<ObjectMeta> = {}): Stored<PartialObjectMetadata> {
  return {
    metadata: { name: "s", namespace: "team-a", uid: "u", resourceVersion: "7", ...change },
  };
}

const owner = (change: object = {}) => ({
  apiVersion: "acrpull.microsoft.com/v1beta2",
  kind: "AcrPullBinding",
  name: "pull",
  uid: "uid-v2",
  ...change,
});

Deno.test("objects: of a Secret is kept what plans need, and no word of its data or of others", () => {
  const kept = trimSecret({
    ...secret({
      labels: { [LABEL]: "pull", app: "x" },
      annotations: { [EXPIRY]: time(NOW), "kubectl.kubernetes.io/last-applied": "{}" },
      ownerReferences: [owner()],
      managedFields: [fields(US, DATA)],
      finalizers: ["x"],
    }),
    data: { ".dockerconfigjson": "dG9rZW4=" },
  } as Stored<PartialObjectMetadata>);
  assert.deepEqual(kept, {
    dataIsOurs: true,
    metadata: {
      name: "s",
      namespace: "team-a",
      uid: "u",
      resourceVersion: "7",
      labels: { [LABEL]: "pull" },
      annotations: { [EXPIRY]: time(NOW) },
      ownerReferences: [owner()],
    },
  });
});

const WRITERS: readonly [what: string, ManagedFields | undefined, ours: boolean][] = [
  ["nobody is named", undefined, false],
  ["nobody wrote data or annotations", [fields(US, { "f:type": {} })], false],
  ["the operator wrote the data", [fields(US, DATA)], true],
  [
    "the operator wrote data and annotations",
    [fields(US, { ...DATA, ...annotation(EXPIRY) })],
    true,
  ],
  ["another wrote the data", [fields("manager", DATA)], false],
  [
    "another wrote the data beside the operator",
    [fields(US, DATA), fields("kubectl", DATA)],
    false,
  ],
  [
    "another wrote an annotation that vouches for the data",
    [fields(US, DATA), fields("kubectl", annotation(EXPIRY))],
    false,
  ],
  [
    "another wrote an annotation of its own",
    [fields(US, DATA), fields("kubectl", annotation("app"))],
    true,
  ],
  [
    "another wrote the label",
    [fields(US, DATA), fields("kubectl", { "f:metadata": { "f:labels": { [`f:${LABEL}`]: {} } } })],
    true,
  ],
  ["an entry tells no fields", [fields(US, DATA), { manager: "x" }], true],
];

for (const [what, managedFields, ours] of WRITERS) {
  Deno.test(`objects: data are ${ours ? "" : "not "}the operator's where ${what}`, () => {
    const change = managedFields === undefined ? {} : { managedFields };
    assert.equal(trimSecret(secret(change)).dataIsOurs, ours);
  });
}

Deno.test("objects: a Secret as a plan sees it, whole", () => {
  const stored = trimSecret(secret({
    labels: { [LABEL]: "pull" },
    annotations: {
      [EXPIRY]: "e",
      "acr.microsoft.com/token.refresh": "r",
      "acr.microsoft.com/token.inputs": "i",
      "acr.microsoft.com/token.identity": "d",
    },
    ownerReferences: [owner()],
    managedFields: [fields(US, DATA)],
  }));
  assert.deepEqual(secretState(stored), {
    name: "s",
    uid: "u",
    resourceVersion: "7",
    label: "pull",
    owner: { apiVersion: "acrpull.microsoft.com/v1beta2", name: "pull", uid: "uid-v2" },
    ownedByOthers: false,
    expiry: "e",
    refresh: "r",
    inputs: "i",
    identity: "d",
    dataIsOurs: true,
  });
});

Deno.test("objects: a Secret of which nothing is known is one of nobody", () => {
  assert.deepEqual(secretState(secret()), {
    name: "s",
    uid: "u",
    resourceVersion: "7",
    ownedByOthers: false,
    dataIsOurs: false,
  });
});

const OWNERS: readonly [what: string, object, isBinding: boolean][] = [
  ["a v1beta2 binding", {}, true],
  ["a v1beta1 binding", { apiVersion: "msi-acrpull.microsoft.com/v1beta1" }, true],
  ["a binding of a later version", { apiVersion: "acrpull.microsoft.com/v1" }, true],
  ["a kind of that name in another group", { apiVersion: "evil.example/v1beta2" }, false],
  ["another kind of the group", { kind: "AcrPushBinding" }, false],
  ["a Deployment", { apiVersion: "apps/v1", kind: "Deployment" }, false],
];

for (const [what, change, isBinding] of OWNERS) {
  Deno.test(`objects: an owner that is ${what} is ${isBinding ? "" : "not "}taken for a binding`, () => {
    const state = secretState(secret({ ownerReferences: [owner(change)] }));
    assert.deepEqual([state.owner !== undefined, state.ownedByOthers], [isBinding, !isBinding]);
  });
}

const trimBinding = bindingTrimmer(V1BETA1);

Deno.test("objects: of a binding everything that a view is made of is kept, and nothing else", () => {
  const told = {
    generation: 3,
    deletionTimestamp: "2030-01-01T00:00:00Z",
    finalizers: ["a", "b"],
  };
  const { metadata } = secret();
  const binding = {
    apiVersion: "msi-acrpull.microsoft.com/v1beta1",
    kind: "AcrPullBinding",
    metadata: {
      ...metadata,
      ...told,
      creationTimestamp: "2029-01-01T00:00:00Z",
      labels: { app: "x" },
      annotations: { "kubectl.kubernetes.io/last-applied-configuration": "{}" },
      managedFields: [fields("x", DATA)],
    },
    spec: { acrServer: "example.azurecr.io" },
    status: { error: "" },
  };
  const { spec, status } = binding;
  assert.deepEqual(trimBinding(binding), { metadata: { ...metadata, ...told }, spec, status });
  assert.deepEqual(trimBinding({ metadata }), { metadata });
});

Deno.test("objects: of a ServiceAccount its references and its identity are kept", () => {
  const stored = {
    metadata: {
      ...secret().metadata,
      annotations: {
        "azure.workload.identity/client-id": "c",
        "azure.workload.identity/tenant-id": "t",
        app: "x",
      },
      managedFields: [fields("x", DATA)],
    },
    imagePullSecrets: [{ name: "b" }, {}, { name: "a" }, { name: "b" }],
    secrets: [{ name: "s" }],
  };
  const kept = trimServiceAccount(stored);
  assert.deepEqual(Object.keys(kept).sort(), ["imagePullSecrets", "metadata"]);
  assert.deepEqual(serviceAccountState(kept), {
    name: "s",
    uid: "u",
    pullSecrets: ["b", "a", "b"],
    clientId: "c",
    tenantId: "t",
  });
});

Deno.test("objects: a ServiceAccount without references and annotations has none", () => {
  const { metadata } = secret();
  const kept = trimServiceAccount({ metadata });
  assert.deepEqual(serviceAccountState(kept), { name: "s", uid: "u", pullSecrets: [] });
  assert.deepEqual(pullSecretsOf({ metadata }), []);
});

const huge = "x".repeat(256 * 1024);
const many = (prefix: string, count: number) =>
  [...Array(count).keys()].map((each) => `${prefix}${each}`);

Deno.test("objects: of a ServiceAccount that names many Secrets it is kept which of ours", () => {
  const imagePullSecrets = many("acr-pull-", 20_000).map((name) => ({ name }));
  const kept = trimServiceAccount({ metadata: secret().metadata, imagePullSecrets });
  const asked = ["acr-pull-7", "acr-pull-x", "acr-pull-16383"];
  assert.deepEqual(serviceAccountState(kept, asked).pullSecrets, ["acr-pull-7", "acr-pull-16383"]);
  assert.equal(wholeOnly(kept), undefined);
  assert.equal("imagePullSecrets" in kept, false);
  assert.equal(kept.crowd!.byteLength, 128 * 1024);
});

Deno.test("objects: of a ServiceAccount that names few the list is kept as it is", () => {
  const imagePullSecrets = many("theirs-", 32).map((name) => ({ name }));
  const kept = trimServiceAccount({ metadata: secret().metadata, imagePullSecrets });
  assert.equal(wholeOnly(kept), kept);
  assert.deepEqual(kept.imagePullSecrets, imagePullSecrets);
});

Deno.test("objects: whatever a ServiceAccount holds, few kilobytes of text are kept", () => {
  const account = {
    metadata: {
      ...secret().metadata,
      annotations: { "azure.workload.identity/client-id": huge, other: huge },
      labels: Object.fromEntries(many("label-", 5_000).map((name) => [name, "x"])),
      managedFields: many("manager-", 500).map((manager) => fields(manager, DATA)),
    },
    imagePullSecrets: [{ name: huge }, ...many("acr-pull-", 20_000).map((name) => ({ name }))],
    secrets: many("s", 20_000).map((name) => ({ name })),
  };
  const { crowd: _, ...kept } = trimServiceAccount(account);
  assert.ok(JSON.stringify(kept).length < 1_000, JSON.stringify(kept));
});

Deno.test("objects: an annotation that is too long is kept cut, and stays as wrong as it was", () => {
  const domain = `${"a.".repeat(130_000)}com`;
  const annotations = {
    "azure.workload.identity/client-id": huge,
    "azure.workload.identity/tenant-id": domain,
  };
  const kept = trimServiceAccount({ metadata: { ...secret().metadata, annotations } });
  const { clientId, tenantId } = serviceAccountState(kept);
  assert.deepEqual([clientId!.length, tenantId!.length], [320, 320]);
  assert.ok(faultOfClientId(clientId!) && faultOfTenant(tenantId!));
});

Deno.test("objects: whatever a Secret holds, few kilobytes of it are kept", () => {
  const reference = { apiVersion: "v1", kind: "ConfigMap", name: huge, uid: huge };
  const kept = trimSecret(secret({
    labels: { [LABEL]: "pull", ...Object.fromEntries(many("label-", 5_000).map((n) => [n, "x"])) },
    annotations: { [EXPIRY]: huge, other: huge },
    ownerReferences: [...Array(1_000).fill(reference), owner(), ...Array(1_000).fill(reference)],
    managedFields: many("manager-", 5_000).map((manager) => fields(manager, DATA)),
  }));
  assert.ok(JSON.stringify(kept).length < 1_500, `${JSON.stringify(kept).length}`);
  const { owner: found, ownedByOthers, label } = secretState(kept);
  assert.deepEqual([found?.uid, ownedByOthers, label], ["uid-v2", true, "pull"]);
});

Deno.test("objects: a Secret that was deleted and is still there tells by whose finalizers", () => {
  const heldBy = (change: object) => secretState(trimSecret(secret(change))).heldBy;
  const finalizers = ["a.b/1", "a.b/2", "a.b/3", "a.b/4"];
  assert.deepEqual(
    [
      heldBy({}),
      heldBy({ finalizers }),
      heldBy({ deletionTimestamp: "2026-06-01T12:00:00Z" }),
      heldBy({ deletionTimestamp: "2026-06-01T12:00:00Z", finalizers: ["a.b/1"] }),
      heldBy({ deletionTimestamp: "2026-06-01T12:00:00Z", finalizers }),
    ],
    [undefined, undefined, [], ["a.b/1"], ["a.b/1", "a.b/2", "a.b/3"]],
  );
});

Deno.test("objects: an owner whose name or UID no binding can have is none", () => {
  for (
    const change of [{ name: huge }, { uid: huge }, { apiVersion: `acrpull.microsoft.com/${huge}` }]
  ) {
    const state = secretState(trimSecret(secret({ ownerReferences: [owner(change)] })));
    assert.deepEqual([state.owner, state.ownedByOthers], [undefined, true]);
  }
});
