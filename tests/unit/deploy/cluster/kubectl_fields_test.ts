import assert from "node:assert/strict";
import {
  keptByKubectl,
  LAST_APPLIED,
  pathText,
  without,
} from "../../../../deploy/cluster/kubectl_fields.ts";
import type { Manifest } from "../../../../deploy/manifests/manifest.ts";
import type { JSONObject } from "../../../../src/kubernetes/http/contract.ts";

const OWNS = { "f:metadata": {}, "f:spec": { "f:replicas": {} } };

function live(last: JSONObject, fieldsV1: JSONObject = OWNS, more: JSONObject = {}): JSONObject {
  const entry = { manager: "kubectl-client-side-apply", operation: "Update", fieldsV1, ...more };
  return {
    ...last,
    metadata: {
      name: "a",
      annotations: { [LAST_APPLIED]: JSON.stringify(last) },
      managedFields: [entry],
    },
  };
}

function manifest(content: JSONObject): Manifest {
  return { apiVersion: "v1", kind: "A", metadata: { name: "a" }, ...content };
}

const CASES: readonly [string, JSONObject, JSONObject, string[]][] = [
  ["the same", { spec: { a: 1, b: ["x"] } }, { spec: { a: 1, b: ["x"] } }, []],
  ["another value", { spec: { a: 1, b: ["x", "y"] } }, { spec: { a: 2, b: ["x"] } }, []],
  ["a field", { spec: { a: { b: 1, c: 1 } } }, { spec: { a: { b: 1 } } }, [".spec.a.c"]],
  ["a field of an object's top", { spec: {}, data: { a: "1" } }, { spec: {} }, [".data"]],
  ["what is empty", { spec: { a: {}, b: [] } }, { spec: {} }, []],
  [
    "an element by its name",
    {
      spec: { containers: [{ name: "proxy" }, { name: "m", env: [{ name: "A" }, { name: "B" }] }] },
    },
    { spec: { containers: [{ name: "m", env: [{ name: "B" }] }] } },
    ['.spec.containers[name="proxy"]', '.spec.containers[name="m"].env[name="A"]'],
  ],
  ["the object's own labels", { metadata: { labels: { a: "b" } } }, {}, []],
];

for (const [name, last, wanted, expected] of CASES) {
  Deno.test(`what kubectl has set and is left out: ${name}`, () => {
    assert.deepEqual(keptByKubectl(live(last), manifest(wanted)).map(pathText), expected);
  });
}

const NOT_OWNED: readonly [string, JSONObject][] = [
  ["kubectl owns nothing any more but metadata", live({ spec: { a: 1 } }, { "f:metadata": {} })],
  ["another has applied it", live({ spec: { a: 1 } }, OWNS, { manager: "helm" })],
  ["kubectl wrote a subresource", live({ spec: { a: 1 } }, OWNS, { subresource: "scale" })],
  ["nothing tells who owns it", { metadata: { name: "a" }, spec: { a: 1 } }],
];

for (const [name, object] of NOT_OWNED) {
  Deno.test(`nothing is kept by kubectl where ${name}`, () => {
    assert.deepEqual(keptByKubectl(object, manifest({})), []);
  });
}

Deno.test("the data of a ConfigMap is whose it is", () => {
  const wanted = { ...manifest({}), kind: "ConfigMap" };
  assert.deepEqual(keptByKubectl(live({ data: { a: "1" } }, { "f:data": {} }), wanted), []);
});

Deno.test("what is left out is taken away with what is empty for want of it", () => {
  const object: JSONObject = {
    spec: { a: [{ name: "m", env: [{ name: "A" }], x: 1 }, { name: "p" }], b: { c: 1 } },
  };
  const paths = [
    ["spec", "a", { name: "m" }, "env", { name: "A" }],
    ["spec", "a", { name: "p" }],
    ["spec", "b", "c"],
    ["spec", "gone", "long", { name: "ago" }],
  ];
  assert.deepEqual(without(object, paths), { spec: { a: [{ name: "m", x: 1 }] } });
  assert.equal((object.spec as JSONObject).b !== undefined, true, "the object itself is as it was");
});
