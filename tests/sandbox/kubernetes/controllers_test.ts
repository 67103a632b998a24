import assert from "node:assert/strict";
import { GADGETS, GAUGES, WIDGETS } from "./contract/fixtures.ts";
import type { JsonObject } from "./model/json.ts";
import { InMemoryKubernetes } from "./server.ts";
import { ask, askOk, create, send } from "./testing.ts";

const MAPS = "/api/v1/namespaces/default/configmaps";
const SECRETS = "/api/v1/namespaces/default/secrets";
const WIDGET_PATH = "/apis/contract.example/v1/namespaces/default/widgets";
const DEFINITION =
  "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/widgets.contract.example";

function ownedBy(...owners: JsonObject[]): JsonObject {
  return {
    ownerReferences: owners.map((owner) => {
      const { name, uid } = owner.metadata as Record<string, string>;
      return {
        apiVersion: "v1",
        kind: "ConfigMap",
        name: name!,
        uid: uid!,
        blockOwnerDeletion: true,
      };
    }),
  };
}

async function exists(api: InMemoryKubernetes, path: string): Promise<boolean> {
  const response = await send(api, path);
  await response.body?.cancel();
  return response.status === 200;
}

function release(api: InMemoryKubernetes, path: string): Promise<JsonObject> {
  const body = { metadata: { finalizers: null } };
  return askOk(api, path, { method: "PATCH", body, contentType: "application/merge-patch+json" });
}

Deno.test("an object goes when its last owner has gone", async () => {
  const api = new InMemoryKubernetes();
  const one = await create(api, MAPS, { name: "one" });
  const two = await create(api, MAPS, { name: "two" });
  await create(api, SECRETS, { name: "s", ...ownedBy(one, two) });
  await askOk(api, `${MAPS}/one`, { method: "DELETE" });
  const left = await askOk(api, `${SECRETS}/s`);
  assert.deepEqual(
    (left.metadata as { ownerReferences: unknown }).ownerReferences,
    ownedBy(two).ownerReferences,
  );
  await askOk(api, `${MAPS}/two`, { method: "DELETE" });
  assert.equal(await exists(api, `${SECRETS}/s`), false);
});

Deno.test("an object created for an owner that has gone goes at once", async () => {
  const api = new InMemoryKubernetes();
  const owner = await create(api, MAPS, { name: "o" });
  await askOk(api, `${MAPS}/o`, { method: "DELETE" });
  await create(api, SECRETS, { name: "s", ...ownedBy(owner) });
  assert.equal(await exists(api, `${SECRETS}/s`), false);
});

Deno.test("foreground deletion waits for the dependents", async () => {
  const api = new InMemoryKubernetes();
  const owner = await create(api, MAPS, { name: "o" });
  await create(api, SECRETS, { name: "s", finalizers: ["a.b/c"], ...ownedBy(owner) });
  const body = { propagationPolicy: "Foreground" };
  await askOk(api, `${MAPS}/o`, { method: "DELETE", body });
  assert.equal(await exists(api, `${MAPS}/o`), true);
  await release(api, `${SECRETS}/s`);
  assert.deepEqual(
    [await exists(api, `${SECRETS}/s`), await exists(api, `${MAPS}/o`)],
    [false, false],
  );
});

Deno.test("orphan deletion leaves the dependents without their owner", async () => {
  const api = new InMemoryKubernetes();
  const owner = await create(api, MAPS, { name: "o" });
  await create(api, SECRETS, { name: "s", ...ownedBy(owner) });
  await askOk(api, `${MAPS}/o`, { method: "DELETE", body: { propagationPolicy: "Orphan" } });
  const left = await askOk(api, `${SECRETS}/s`);
  assert.equal((left.metadata as { ownerReferences?: unknown }).ownerReferences, undefined);
  assert.equal(await exists(api, `${MAPS}/o`), false);
});

Deno.test("without a garbage collector the dependents stay", async () => {
  const api = new InMemoryKubernetes({ garbageCollector: false });
  const owner = await create(api, MAPS, { name: "o" });
  await create(api, SECRETS, { name: "s", ...ownedBy(owner) });
  await askOk(api, `${MAPS}/o`, { method: "DELETE" });
  assert.equal(await exists(api, `${SECRETS}/s`), true);
});

Deno.test("a deleted namespace is emptied, held by finalizers, then gone", async () => {
  const api = new InMemoryKubernetes({ namespaces: ["doomed"] });
  const path = "/api/v1/namespaces/doomed";
  await create(api, `${path}/secrets`, { name: "free" });
  await create(api, `${path}/secrets`, { name: "held", finalizers: ["a.b/c"] });
  await askOk(api, path, { method: "DELETE" });
  assert.deepEqual(
    [await exists(api, `${path}/secrets/free`), await exists(api, `${path}/secrets/held`)],
    [false, true],
  );
  const { status } = await askOk(api, path);
  assert.deepEqual(status, { phase: "Terminating" });
  const refused = await ask(api, `${path}/secrets`, {
    method: "POST",
    body: { metadata: { name: "new" } },
  });
  assert.deepEqual([refused.status, refused.body.reason], [403, "Forbidden"]);
  await release(api, `${path}/secrets/held`);
  assert.equal(await exists(api, path), false);
});

Deno.test("without a namespace controller a deleted namespace stays", async () => {
  const api = new InMemoryKubernetes({ namespaceController: false, namespaces: ["n"] });
  await askOk(api, "/api/v1/namespaces/n", { method: "DELETE" });
  assert.equal(await exists(api, "/api/v1/namespaces/n"), true);
});

Deno.test("new namespaces get a ServiceAccount when that is wanted", () => {
  const api = new InMemoryKubernetes({ autoServiceAccount: true, namespaces: ["n"] });
  assert.notEqual(api.get({ apiVersion: "v1", kind: "ServiceAccount" }, "n", "default"), undefined);
});

Deno.test("a definition is established at once, and gone with its objects", async () => {
  const api = new InMemoryKubernetes({ crds: [WIDGETS, GADGETS] });
  const { status } = await askOk(api, DEFINITION);
  const { conditions } = status as { conditions: { type: string; status: string }[] };
  assert.deepEqual(conditions.map(({ type, status }) => `${type}=${status}`), [
    "NamesAccepted=True",
    "Established=True",
  ]);
  const widget = { apiVersion: "contract.example/v1", kind: "Widget" };
  const metadata = { name: "held", finalizers: ["contract.example/f"] };
  await create(api, WIDGET_PATH, metadata, { ...widget, spec: { size: "small" } });
  await askOk(api, DEFINITION, { method: "DELETE" });
  assert.equal(await exists(api, DEFINITION), true);
  await release(api, `${WIDGET_PATH}/held`);
  assert.deepEqual(
    [await exists(api, DEFINITION), await exists(api, WIDGET_PATH)],
    [false, false],
  );
  assert.equal(await exists(api, "/apis/contract.example/v1/gadgets"), true);
});

Deno.test("a changed definition changes the schema and the columns", async () => {
  const api = new InMemoryKubernetes({ crds: [GADGETS] });
  const path = "/apis/contract.example/v1/gadgets";
  const gadget = { apiVersion: "contract.example/v1", kind: "Gadget" };
  api.apply(GADGETS.replace("size: {type: string}", "size: {type: string, default: big}"));
  const made = await create(api, path, { name: "g" }, { ...gadget, spec: {} });
  assert.deepEqual(made.spec, { size: "big" });
});

Deno.test("what was there before its definition has a default is read with it, unwritten", async () => {
  const without = GAUGES.replace("default: {observedGeneration: -1}", "");
  const api = new InMemoryKubernetes({ crds: [without] });
  const path = "/apis/contract.example/v1/namespaces/default/gauges";
  const gauge = { apiVersion: "contract.example/v1", kind: "Gauge" };
  const made = await create(api, path, { name: "g" }, gauge);
  assert.equal(made.status, undefined);
  api.apply(GAUGES);
  const read = await askOk(api, `${path}/g`);
  assert.deepEqual(read, { ...made, status: { observedGeneration: -1 } });
});

const BAD_DEFINITIONS: [string, (manifest: string) => string, RegExp][] = [
  [
    "metadata described",
    (text) =>
      text.replace(
        "properties:\n            spec",
        "properties:\n            metadata: {type: object, description: d}\n            spec",
      ),
    /spec.validation.openAPIV3Schema.properties\[metadata\]: Forbidden: must not specify anything other than name and generateName, but metadata is implicitly specified$/,
  ],
  [
    "a wrong name",
    (text) => text.replace("name: gadgets.", "name: other."),
    /metadata.name: Invalid value/,
  ],
  [
    "a field without type",
    (text) => text.replace("seen: {type: string}", "seen: {}"),
    /type: Required value/,
  ],
  [
    "no storage version",
    (text) => text.replace("storage: true", "storage: false"),
    /spec.versions: Invalid value/,
  ],
];

for (const [name, spoil, message] of BAD_DEFINITIONS) {
  Deno.test(`a definition is refused with ${name}`, () => {
    const api = new InMemoryKubernetes();
    assert.throws(() => api.apply(spoil(GADGETS)), message);
  });
}
