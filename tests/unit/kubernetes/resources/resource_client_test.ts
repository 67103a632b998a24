import assert from "node:assert/strict";
import type {
  JSONObject,
  JSONValue,
  RestClient,
} from "../../../../src/kubernetes/http/contract.ts";
import { ApiError } from "../../../../src/kubernetes/http/errors.ts";
import {
  type KubernetesObject,
  ResourceClient,
  type ResourceDefinition,
} from "../../../../src/kubernetes/resources/resource_client.ts";
import { type Exchange, type ExpectedRequest, ScriptedRest } from "../scripted_rest.ts";

interface Widget extends KubernetesObject {
  spec?: { size: number };
  status?: { ready: boolean };
}

const WIDGETS: ResourceDefinition = {
  group: "example.com",
  version: "v1",
  plural: "widgets",
  kind: "Widget",
  namespaced: true,
};
const NODES: ResourceDefinition = {
  group: "",
  version: "v1",
  plural: "nodes",
  kind: "Node",
  namespaced: false,
};

const IN_NS = "/apis/example.com/v1/namespaces/ns/widgets";
const AS_OBJECT = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1";
const AS_LIST = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1";

function widget(name = "a", more: JSONObject = {}): JSONObject {
  return { metadata: { name, namespace: "ns", uid: `uid-${name}`, resourceVersion: "7" }, ...more };
}

function partial(name = "a"): JSONObject {
  return { kind: "PartialObjectMetadata", apiVersion: "meta.k8s.io/v1", ...widget(name) };
}

function withIdentity(object: JSONObject): JSONObject {
  return { apiVersion: "example.com/v1", kind: "Widget", ...object };
}

function client(rest: RestClient): ResourceClient<Widget> {
  return new ResourceClient<Widget>(rest, WIDGETS, { fieldManager: "me" });
}

interface Case {
  name: string;
  call: (widgets: ResourceClient<Widget>) => Promise<unknown>;
  request: ExpectedRequest;
  answer: JSONValue;
  result?: unknown;
}

const CASES: Case[] = [
  {
    name: "get reads one object by namespace and name",
    call: (widgets) => widgets.get("ns", "a"),
    request: { method: "GET", path: `${IN_NS}/a` },
    answer: widget(),
  },
  {
    name: "create posts to the namespace and names kind, version and field manager",
    call: (widgets) => widgets.create("ns", { metadata: { name: "a" }, spec: { size: 1 } }),
    request: {
      method: "POST",
      path: IN_NS,
      query: "fieldManager=me",
      body: withIdentity({ metadata: { name: "a" }, spec: { size: 1 } }),
    },
    answer: widget(),
  },
  {
    name: "update puts the object with the resourceVersion it was decided on",
    call: (widgets) => widgets.update("ns", widget()),
    request: {
      method: "PUT",
      path: `${IN_NS}/a`,
      query: "fieldManager=me",
      body: withIdentity(widget()),
    },
    answer: widget(),
  },
  {
    name: "a merge patch says so in its content type",
    call: (widgets) => widgets.patch("ns", "a", { type: "merge", body: { spec: { size: 2 } } }),
    request: {
      method: "PATCH",
      path: `${IN_NS}/a`,
      query: "fieldManager=me",
      contentType: "application/merge-patch+json",
      body: { spec: { size: 2 } },
    },
    answer: widget(),
  },
  {
    name: "a strategic patch says so in its content type",
    call: (widgets) => widgets.patch("ns", "a", { type: "strategic", body: {} }),
    request: {
      method: "PATCH",
      path: `${IN_NS}/a`,
      query: "fieldManager=me",
      contentType: "application/strategic-merge-patch+json",
      body: {},
    },
    answer: widget(),
  },
  {
    name: "patchStatus patches the status subresource",
    call: (widgets) =>
      widgets.patchStatus("ns", "a", { type: "json", body: [{ op: "remove", path: "/status" }] }),
    request: {
      method: "PATCH",
      path: `${IN_NS}/a/status`,
      query: "fieldManager=me",
      contentType: "application/json-patch+json",
      body: [{ op: "remove", path: "/status" }],
    },
    answer: widget(),
  },
  {
    name: "list asks for a page of what the selectors match",
    call: (widgets) =>
      widgets.list({ namespace: "ns", labelSelector: "a in (b,c)", limit: 2, continue: "more" }),
    request: {
      method: "GET",
      path: IN_NS,
      query: "labelSelector=a+in+%28b%2Cc%29&limit=2&continue=more",
    },
    answer: { metadata: { resourceVersion: "9", continue: "" }, items: [widget()] },
    result: { resourceVersion: "9", items: [widget()] },
  },
  {
    name: "list without a namespace spans all of them and says where it goes on",
    call: (widgets) => widgets.list({ fieldSelector: "metadata.name=a" }),
    request: {
      method: "GET",
      path: "/apis/example.com/v1/widgets",
      query: "fieldSelector=metadata.name%3Da",
    },
    answer: { metadata: { resourceVersion: "9", continue: "xyz" }, items: [] },
    result: { resourceVersion: "9", continue: "xyz", items: [] },
  },
  {
    name: "delete sends its preconditions and answers nothing once the object is gone",
    call: (widgets) =>
      widgets.delete("ns", "a", { preconditions: { uid: "uid-a", resourceVersion: "7" } }),
    request: {
      method: "DELETE",
      path: `${IN_NS}/a`,
      body: {
        apiVersion: "v1",
        kind: "DeleteOptions",
        preconditions: { uid: "uid-a", resourceVersion: "7" },
      },
    },
    answer: { kind: "Status", apiVersion: "v1", metadata: {}, status: "Success" },
    result: undefined,
  },
  {
    name: "delete may only be asked for",
    call: (widgets) => widgets.delete("ns", "a", { dryRun: true }),
    request: {
      method: "DELETE",
      path: `${IN_NS}/a`,
      body: { apiVersion: "v1", kind: "DeleteOptions", dryRun: ["All"] },
    },
    answer: { kind: "Status", apiVersion: "v1", metadata: {}, status: "Success" },
    result: undefined,
  },
  {
    name:
      "a create that is only asked for answers nothing, since what it would make has no identity",
    call: (widgets) => widgets.askToCreate("ns", { metadata: { name: "a" }, spec: { size: 1 } }),
    request: {
      method: "POST",
      path: IN_NS,
      query: "fieldManager=me&dryRun=All",
      body: withIdentity({ metadata: { name: "a" }, spec: { size: 1 } }),
    },
    answer: withIdentity({ metadata: { name: "a", namespace: "ns" }, spec: { size: 1 } }),
    result: undefined,
  },
  {
    name: "delete answers the object that finalizers keep",
    call: (widgets) => widgets.delete("ns", "a"),
    request: {
      method: "DELETE",
      path: `${IN_NS}/a`,
      body: { apiVersion: "v1", kind: "DeleteOptions" },
    },
    answer: dying(),
    result: dying(),
  },
  {
    name: "delete answers nothing when the server sends the object that it removed",
    call: (widgets) => widgets.delete("ns", "a"),
    request: {
      method: "DELETE",
      path: `${IN_NS}/a`,
      body: { apiVersion: "v1", kind: "DeleteOptions" },
    },
    answer: widget(),
    result: undefined,
  },
  {
    name: "a metadata-only get asks for metadata alone",
    call: (widgets) => widgets.metadataOnly().get("ns", "a"),
    request: { method: "GET", path: `${IN_NS}/a`, accept: AS_OBJECT },
    answer: partial(),
  },
  {
    name: "a metadata-only list asks for metadata alone",
    call: (widgets) => widgets.metadataOnly().list({ limit: 5 }),
    request: {
      method: "GET",
      path: "/apis/example.com/v1/widgets",
      query: "limit=5",
      accept: AS_LIST,
    },
    answer: {
      kind: "PartialObjectMetadataList",
      metadata: { resourceVersion: "9" },
      items: [partial()],
    },
    result: { resourceVersion: "9", items: [partial()] },
  },
  {
    name: "a metadata-only patch writes everything and is told metadata alone",
    call: (widgets) =>
      widgets.metadataOnly().patch("ns", "a", { type: "merge", body: { spec: { size: 2 } } }),
    request: {
      method: "PATCH",
      path: `${IN_NS}/a`,
      query: "fieldManager=me",
      contentType: "application/merge-patch+json",
      accept: AS_OBJECT,
      body: { spec: { size: 2 } },
    },
    answer: partial(),
  },
];

function dying(): JSONObject {
  return {
    metadata: { ...widget().metadata as JSONObject, deletionTimestamp: "2026-01-01T00:00:00Z" },
  };
}

for (const { name, call, request, answer, ...rest } of CASES) {
  Deno.test(name, async () => {
    using scripted = new ScriptedRest({ request, answer });
    assert.deepEqual(await call(client(scripted)), "result" in rest ? rest.result : answer);
  });
}

Deno.test("every kind of call passes its signal on", async () => {
  const calls: ((widgets: ResourceClient<Widget>, signal: AbortSignal) => Promise<unknown>)[] = [
    (widgets, signal) => widgets.get("ns", "a", { signal }),
    (widgets, signal) => widgets.list({ signal }),
    (widgets, signal) => widgets.watch({ resourceVersion: "1", signal }),
    (widgets, signal) => widgets.create("ns", widget(), { signal }),
    (widgets, signal) => widgets.update("ns", widget(), { signal }),
    (widgets, signal) => widgets.patch("ns", "a", { type: "merge", body: {} }, { signal }),
    (widgets, signal) => widgets.patchStatus("ns", "a", { type: "merge", body: {} }, { signal }),
    (widgets, signal) => widgets.delete("ns", "a", { signal }),
  ];
  for (const call of calls) {
    const seen: (AbortSignal | undefined)[] = [];
    const rest = {
      performRequest(opts: { abortSignal?: AbortSignal }) {
        seen.push(opts.abortSignal);
        return Promise.reject(new Error("seen"));
      },
      [Symbol.dispose]() {},
    } as unknown as RestClient;
    const { signal } = new AbortController();
    await assert.rejects(call(client(rest), signal), new Error("seen"));
    assert.deepEqual(seen.map((each) => each === signal), [true]);
  }
});

Deno.test("without a field manager none is named", async () => {
  using rest = new ScriptedRest({
    request: { method: "POST", path: IN_NS, body: withIdentity(widget()) },
    answer: widget(),
  });
  await new ResourceClient<Widget>(rest, WIDGETS).create("ns", widget());
});

Deno.test("a cluster-scoped object has no namespace in its path and an empty one in its metadata", async () => {
  const stored = { metadata: { name: "n", uid: "u", resourceVersion: "1" } };
  using rest = new ScriptedRest({
    request: { method: "GET", path: "/api/v1/nodes/n" },
    answer: structuredClone(stored),
  });
  const node = await new ResourceClient<KubernetesObject>(rest, NODES).get("", "n");
  assert.deepEqual(node, { metadata: { ...stored.metadata, namespace: "" } });
});

Deno.test("what the server refuses rejects as it comes", async () => {
  const refusal = new ApiError({ code: 409, reason: "Conflict", message: "changed meanwhile" });
  using rest = new ScriptedRest({
    request: { method: "GET", path: `${IN_NS}/a` },
    answer: refusal,
  });
  await assert.rejects(client(rest).get("ns", "a"), refusal);
});

for (const name of ["", ".", "..", "a/b", "../secrets/b", "a%2fb"]) {
  Deno.test(`the name ${JSON.stringify(name)} is refused before anything is sent`, async () => {
    using rest = new ScriptedRest();
    const invalid = { name: "ApiError", code: 0, reason: "Invalid", retryable: false };
    await assert.rejects(client(rest).get("ns", name), invalid);
    await assert.rejects(client(rest).get(name, "a"), invalid);
  });
}

interface BadAnswer {
  name: string;
  answer: JSONValue;
  message: string;
  call?: Case["call"];
  request?: ExpectedRequest;
}

const LIST_ALL: ExpectedRequest = { method: "GET", path: "/apis/example.com/v1/widgets" };

const BAD_ANSWERS: BadAnswer[] = [
  { name: "null", answer: null, message: "an object without metadata" },
  { name: "an empty object", answer: {}, message: "an object without metadata" },
  {
    name: "an object without name",
    answer: { metadata: { namespace: "ns", uid: "u", resourceVersion: "1" } },
    message: "an object without name",
  },
  {
    name: "an object without uid",
    answer: { metadata: { name: "a", namespace: "ns", resourceVersion: "1" } },
    message: "an object without uid",
  },
  {
    name: "an object with an empty resourceVersion",
    answer: { metadata: { name: "a", namespace: "ns", uid: "u", resourceVersion: "" } },
    message: "an object without resourceVersion",
  },
  {
    name: "a namespaced object without namespace",
    answer: { metadata: { name: "a", uid: "u", resourceVersion: "1" } },
    message: "an object without namespace",
  },
  {
    name: "a list without items",
    call: (widgets) => widgets.list(),
    request: LIST_ALL,
    answer: { metadata: { resourceVersion: "1" } },
    message: "a list without items",
  },
  {
    name: "a list without resourceVersion",
    call: (widgets) => widgets.list(),
    request: LIST_ALL,
    answer: { metadata: {}, items: [] },
    message: "a list without resourceVersion",
  },
  {
    name: "a list with an item that is no object",
    call: (widgets) => widgets.list(),
    request: LIST_ALL,
    answer: { metadata: { resourceVersion: "1" }, items: ["a"] },
    message: "an object without metadata",
  },
  {
    name: "a whole object where metadata alone was asked for",
    call: (widgets) => widgets.metadataOnly().get("ns", "a"),
    request: { method: "GET", path: `${IN_NS}/a`, accept: AS_OBJECT },
    answer: widget(),
    message: "something else than the PartialObjectMetadata asked for",
  },
  {
    name: "a whole list where metadata alone was asked for",
    call: (widgets) => widgets.metadataOnly().list(),
    request: { ...LIST_ALL, accept: AS_LIST },
    answer: { kind: "WidgetList", metadata: { resourceVersion: "1" }, items: [] },
    message: "something else than the PartialObjectMetadataList asked for",
  },
];

for (const { name, answer, message, call, request } of BAD_ANSWERS) {
  Deno.test(`${name} as an answer is an error that says so`, async () => {
    using rest = new ScriptedRest({
      request: request ?? { method: "GET", path: `${IN_NS}/a` },
      answer,
    });
    await assert.rejects((call ?? ((widgets) => widgets.get("ns", "a")))(client(rest)), {
      name: "ApiError",
      reason: "BadAnswer",
      message: `example.com/v1 widgets: the API server sent ${message}`,
    });
  });
}

function watching(lines: ReadableStream<JSONValue>, accept?: string): Exchange {
  return {
    request: {
      method: "GET",
      path: "/apis/example.com/v1/widgets",
      query: "watch=true&resourceVersion=5&timeoutSeconds=300&allowWatchBookmarks=true",
      ...(accept ? { accept } : {}),
    },
    stream: lines,
  };
}

const WATCH = { resourceVersion: "5", timeoutSeconds: 300, allowWatchBookmarks: true };

Deno.test("a watch yields typed events in their order", async () => {
  const lines = [
    { type: "ADDED", object: widget("a") },
    { type: "MODIFIED", object: widget("b") },
    { type: "DELETED", object: widget("a") },
    { type: "BOOKMARK", object: { kind: "Widget", metadata: { resourceVersion: "8" } } },
  ];
  using rest = new ScriptedRest(watching(ReadableStream.from<JSONValue>(lines)));
  const events = await Array.fromAsync(await client(rest).watch(WATCH));
  assert.deepEqual(events, [...lines.slice(0, 3), { type: "BOOKMARK", resourceVersion: "8" }]);
});

Deno.test("an ERROR event carries the server's Status as an ApiError", async () => {
  const status = { kind: "Status", code: 410, reason: "Expired", message: "too old" };
  const lines = [{ type: "ERROR", object: status }];
  using rest = new ScriptedRest(watching(ReadableStream.from<JSONValue>(lines)));
  const [event] = await Array.fromAsync(await client(rest).watch(WATCH));
  assert(event?.type === "ERROR");
  assert.deepEqual(
    { code: event.error.code, reason: event.error.reason, message: event.error.message },
    { code: 410, reason: "Expired", message: "watch widgets: 410 Expired: too old" },
  );
});

const BAD_LINES: { name: string; line: JSONValue; message: string; metadataOnly?: true }[] = [
  { name: "a line that is no event", line: "x", message: "a watch event without object" },
  {
    name: "an event of unknown type",
    line: { type: "MOVED", object: widget() },
    message: "a watch event of unknown type",
  },
  {
    name: "an event whose object has no identity",
    line: { type: "ADDED", object: {} },
    message: "an object without metadata",
  },
  {
    name: "a bookmark without resourceVersion",
    line: { type: "BOOKMARK", object: { metadata: {} } },
    message: "a bookmark without resourceVersion",
  },
  {
    name: "a whole object in a metadata-only watch",
    line: { type: "ADDED", object: widget() },
    message: "something else than the PartialObjectMetadata asked for",
    metadataOnly: true,
  },
];

for (const { name, line, message, metadataOnly } of BAD_LINES) {
  Deno.test(`${name} fails the watch and cancels its connection`, async () => {
    const cancelled: unknown[] = [];
    const lines = new ReadableStream<JSONValue>({
      pull: (controller) => controller.enqueue(line),
      cancel: (reason) => void cancelled.push(reason),
    }, { highWaterMark: 0 });
    using rest = new ScriptedRest(watching(lines, metadataOnly && AS_OBJECT));
    const widgets = metadataOnly ? client(rest).metadataOnly() : client(rest);
    const events = await widgets.watch(WATCH);
    const failure = {
      name: "ApiError",
      reason: "BadAnswer",
      message: `example.com/v1 widgets: the API server sent ${message}`,
    };
    await assert.rejects(Array.fromAsync<unknown>(events), failure);
    assert.equal(cancelled.length, 1);
  });
}

Deno.test("cancelling a watch cancels its connection", async () => {
  let reason: unknown;
  const lines = new ReadableStream<JSONValue>({ cancel: (given) => void (reason = given) });
  using rest = new ScriptedRest(watching(lines));
  await (await client(rest).watch(WATCH)).cancel("enough");
  assert.equal(reason, "enough");
});

Deno.test("a connection that breaks fails the watch with its own error", async () => {
  const broken = new ApiError({ code: 0, reason: "Truncated", message: "cut" });
  const lines = new ReadableStream<JSONValue>({ start: (controller) => controller.error(broken) });
  using rest = new ScriptedRest(watching(lines));
  await assert.rejects(Array.fromAsync<unknown>(await client(rest).watch(WATCH)), broken);
});
