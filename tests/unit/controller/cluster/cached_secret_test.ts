import assert from "node:assert/strict";
import { APIS } from "../../../../src/controller/binding/apis.ts";
import { keepSecret } from "../../../../src/controller/cluster/cached_secret.ts";
import type {
  ObjectMeta,
  PartialObjectMetadata,
  Stored,
} from "../../../../src/kubernetes/resources/resource_client.ts";
import { NOW, time } from "../builders.ts";

const keep = (secret: Stored<PartialObjectMetadata>) => keepSecret(secret, APIS);

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
  const kept = keep({
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
    metadata: { name: "s", namespace: "team-a", uid: "u", resourceVersion: "7" },
    state: {
      name: "s",
      uid: "u",
      resourceVersion: "7",
      label: "pull",
      owner: { apiVersion: "acrpull.microsoft.com/v1beta2", name: "pull", uid: "uid-v2" },
      ownedByOthers: false,
      expiry: time(NOW),
      dataIsOurs: true,
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
    assert.equal(keep(secret(change)).state.dataIsOurs, ours);
  });
}

Deno.test("objects: a Secret as a plan sees it, whole", () => {
  const stored = keep(secret({
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
  assert.deepEqual(stored.state, {
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
  assert.deepEqual(keep(secret()).state, {
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
    const state = keep(secret({ ownerReferences: [owner(change)] })).state;
    assert.deepEqual([state.owner !== undefined, state.ownedByOthers], [isBinding, !isBinding]);
  });
}

const huge = "x".repeat(256 * 1024);
const many = (prefix: string, count: number) =>
  [...Array(count).keys()].map((each) => `${prefix}${each}`);

Deno.test("objects: whatever a Secret holds, few kilobytes of it are kept", () => {
  const reference = { apiVersion: "v1", kind: "ConfigMap", name: huge, uid: huge };
  const kept = keep(secret({
    labels: { [LABEL]: "pull", ...Object.fromEntries(many("label-", 5_000).map((n) => [n, "x"])) },
    annotations: { [EXPIRY]: huge, other: huge },
    ownerReferences: [...Array(1_000).fill(reference), owner(), ...Array(1_000).fill(reference)],
    managedFields: many("manager-", 5_000).map((manager) => fields(manager, DATA)),
  }));
  assert.ok(JSON.stringify(kept).length < 1_500, `${JSON.stringify(kept).length}`);
  const { owner: found, ownedByOthers, label } = kept.state;
  assert.deepEqual([found?.uid, ownedByOthers, label], ["uid-v2", true, "pull"]);
});

Deno.test("objects: a Secret that was deleted and is still there tells by whose finalizers", () => {
  const heldBy = (change: object) => keep(secret(change)).state.heldBy;
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
    const { state } = keep(secret({ ownerReferences: [owner(change)] }));
    assert.deepEqual([state.owner, state.ownedByOthers], [undefined, true]);
  }
});
