import assert from "node:assert/strict";
import type { JSONObject, JSONValue } from "../../../../src/kubernetes/http/contract.ts";
import { ApiError } from "../../../../src/kubernetes/http/errors.ts";
import {
  ResourceClient,
  type ResourceDefinition,
} from "../../../../src/kubernetes/resources/resource_client.ts";
import { ScriptedRest } from "../scripted_rest.ts";

const WIDGETS: ResourceDefinition = {
  group: "example.com",
  version: "v1",
  plural: "widgets",
  kind: "Widget",
  namespaced: true,
};
const REQUEST = { method: "GET", path: "/apis/example.com/v1/widgets" };
const AS_LIST = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1";

function widget(name: string, more: JSONObject = {}): JSONObject {
  return { metadata: { name, namespace: "ns", uid: `uid-${name}`, resourceVersion: "7" }, ...more };
}

const partial = (name: string) => widget(name, { kind: "PartialObjectMetadata" });

/** Lists with this answer as body, and says what came. */
async function listed(
  answer: JSONValue,
  { metadataOnly = false, limit = 2 }: { metadataOnly?: boolean; limit?: number } = {},
) {
  const text = JSON.stringify(answer);
  using rest = new ScriptedRest({
    request: { ...REQUEST, query: `limit=${limit}`, ...(metadataOnly ? { accept: AS_LIST } : {}) },
    text,
  });
  const widgets = new ResourceClient(rest, WIDGETS);
  const came: unknown[] = [];
  const client = metadataOnly ? widgets.metadataOnly() : widgets;
  const page = await client.list({ limit }, (object) => void came.push(object))
    .catch((error) => error instanceof ApiError ? `${error.reason}: ${error.message}` : error);
  return { came, page, bytes: text.length };
}

Deno.test("list with each: objects come one by one, and the page says how long it was", async () => {
  const items = [widget("a", { spec: { size: 1 } }), widget("b")];
  const metadata = { resourceVersion: "9", continue: "more" };
  const { came, page, bytes } = await listed({ kind: "WidgetList", items, metadata });
  assert.deepEqual(came, items);
  assert.deepEqual(page, { items: [], resourceVersion: "9", continue: "more", bytes });
});

Deno.test("list with each: metadata alone is asked for, and nothing more is taken", async () => {
  const metadata = { resourceVersion: "9" };
  const asked = { kind: "PartialObjectMetadataList", metadata, items: [partial("a")] };
  assert.deepEqual((await listed(asked, { metadataOnly: true })).came, [partial("a")]);
  const more = { ...asked, items: [widget("a", { kind: "Widget" })] };
  const { came, page } = await listed(more, { metadataOnly: true });
  assert.deepEqual([came, page], [
    [],
    "BadAnswer: example.com/v1 widgets: the API server sent something else than the " +
    "PartialObjectMetadata asked for",
  ]);
});

const BAD: { name: string; answer: JSONValue; page: string }[] = [
  {
    name: "a list without items",
    answer: { metadata: { resourceVersion: "1" } },
    page: "BadAnswer: example.com/v1 widgets: the API server sent a list without items",
  },
  {
    name: "a list without resourceVersion",
    answer: { metadata: {}, items: [widget("a")] },
    page: "BadAnswer: example.com/v1 widgets: the API server sent a list without resourceVersion",
  },
  {
    name: "an item that is no object",
    answer: { metadata: { resourceVersion: "1" }, items: ["a"] },
    page: "BadAnswer: example.com/v1 widgets: the API server sent an object without metadata",
  },
  {
    name: "an item without uid",
    answer: {
      metadata: { resourceVersion: "1" },
      items: [{ metadata: { name: "a", namespace: "ns", resourceVersion: "1" } }],
    },
    page: "BadAnswer: example.com/v1 widgets: the API server sent an object without uid",
  },
  {
    name: "a Status that another client took for a success",
    answer: { kind: "Status", apiVersion: "v1", status: "Failure", code: 410, reason: "Expired" },
    page: "Expired: GET /apis/example.com/v1/widgets: 410 Expired: no message",
  },
];

for (const { name, answer, page } of BAD) {
  Deno.test(`list with each: ${name} is an error that says so`, async () => {
    assert.equal((await listed(answer)).page, page);
  });
}
