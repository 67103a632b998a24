import assert from "node:assert/strict";
import fc from "fast-check";
import type { JSONValue } from "../../../../src/kubernetes/http/contract.ts";
import { ApiError } from "../../../../src/kubernetes/http/errors.ts";
import { keepsField, schemaOf } from "../../../../src/kubernetes/resources/openapi.ts";
import { ScriptedRest } from "../scripted_rest.ts";

const WIDGETS = {
  group: "contract.example",
  version: "v1",
  plural: "widgets",
  kind: "Widget",
  namespaced: true,
};
const SECRETS = { group: "", version: "v1", plural: "secrets", kind: "Secret", namespaced: true };

const kinds = (...listed: [group: string, version: string, kind: string][]): JSONValue =>
  listed.map(([group, version, kind]) => ({ group, version, kind }));
const WIDGET = {
  type: "object",
  "x-kubernetes-group-version-kind": kinds(["contract.example", "v1", "Widget"]),
};
const documentOf = (schemas: JSONValue): JSONValue => ({ components: { schemas } });
const request = { method: "GET", path: "/openapi/v3/apis/contract.example/v1" };

const FOUND: readonly [what: string, answer: JSONValue, schema: unknown][] = [
  ["the only one", documentOf({ a: WIDGET }), WIDGET],
  [
    "the one of its group, version and kind",
    documentOf({
      a: { ...WIDGET, "x-kubernetes-group-version-kind": kinds(["other.example", "v1", "Widget"]) },
      b: {
        ...WIDGET,
        "x-kubernetes-group-version-kind": kinds(["contract.example", "v2", "Widget"]),
      },
      c: {
        ...WIDGET,
        "x-kubernetes-group-version-kind": kinds(["contract.example", "v1", "WidgetList"]),
      },
      d: WIDGET,
    }),
    WIDGET,
  ],
  [
    "one that stands for several kinds",
    documentOf({
      a: {
        "x-kubernetes-group-version-kind": kinds(["x", "v1", "Y"], [
          "contract.example",
          "v1",
          "Widget",
        ]),
      },
    }),
    {
      "x-kubernetes-group-version-kind": kinds(["x", "v1", "Y"], [
        "contract.example",
        "v1",
        "Widget",
      ]),
    },
  ],
  ["none where the kind is not listed", documentOf({ a: { type: "object" } }), undefined],
  ["none where a schema is none", documentOf({ a: null, b: "x", c: [WIDGET] }), undefined],
  [
    "none where its kinds are none",
    documentOf({ a: { "x-kubernetes-group-version-kind": "Widget" } }),
    undefined,
  ],
  ["none in an empty document", {}, undefined],
  ["none in what is no document", "OK", undefined],
];

for (const [what, answer, schema] of FOUND) {
  Deno.test(`openapi: of a document's schemas, ${what}`, async () => {
    using rest = new ScriptedRest({ request, answer });
    assert.deepEqual(await schemaOf(rest, WIDGETS), schema);
  });
}

Deno.test("openapi: the core group has a document of its own, and the signal is passed on", async () => {
  using rest = new ScriptedRest({
    request: { method: "GET", path: "/openapi/v3/api/v1" },
    answer: {},
  });
  const { signal } = new AbortController();
  assert.equal(await schemaOf(rest, SECRETS, { signal }), undefined);
  assert.deepEqual(rest.signals, [signal]);
});

Deno.test("openapi: a refusal is the caller's to judge", async () => {
  const answer = new ApiError({ code: 403, reason: "Forbidden", message: "no" });
  using rest = new ScriptedRest({ request, answer });
  await assert.rejects(schemaOf(rest, WIDGETS), answer);
});

const OPEN = { "x-kubernetes-preserve-unknown-fields": true };
const CONDITIONS = ["status", "conditions"];
const nested = (status: unknown, more: object = {}) => ({ properties: { status }, ...more });

const KEPT: readonly [what: string, schema: Record<string, unknown>, kept: boolean][] = [
  ["that is described", nested({ properties: { conditions: { type: "array" } } }), true],
  ["described by nothing more than its name", nested({ properties: { conditions: {} } }), true],
  ["beside others that are described", nested({ properties: { error: {} } }), false],
  ["in an object without fields", nested({ type: "object" }), false],
  ["in an object that is not described", { properties: { spec: {} } }, false],
  ["of a schema without fields", {}, false],
  ["in an object that keeps what it does not know", nested(OPEN), true],
  ["of a schema that keeps what it does not know", OPEN, true],
  [
    "in an object that is described by a schema which keeps all else",
    nested({ properties: {} }, OPEN),
    true,
  ],
  [
    "in an object that says it does not keep all",
    nested({ "x-kubernetes-preserve-unknown-fields": false }),
    false,
  ],
  ["that is described by no object", nested({ properties: { conditions: true } }), false],
];

for (const [what, schema, kept] of KEPT) {
  Deno.test(`openapi: a field ${what} is ${kept ? "kept" : "pruned"}`, () => {
    assert.equal(keepsField(schema, CONDITIONS), kept);
  });
}

Deno.test("openapi: what a field holds says nothing of whether it is kept", () => {
  const schema = nested({ properties: { conditions: OPEN } });
  assert.equal(keepsField(schema, CONDITIONS), true);
  assert.equal(keepsField(schema, []), true);
  assert.equal(keepsField(nested({ properties: { a: OPEN } }), CONDITIONS), false);
});

Deno.test("property: a document of any shape is read without a throw", async () => {
  await fc.assert(fc.asyncProperty(fc.jsonValue(), async (schemas) => {
    using rest = new ScriptedRest({ request, answer: documentOf(schemas as JSONValue) });
    await schemaOf(rest, WIDGETS);
    if (typeof schemas === "object" && schemas !== null && !Array.isArray(schemas)) {
      assert.equal(typeof keepsField(schemas, CONDITIONS), "boolean");
    }
  }));
});
