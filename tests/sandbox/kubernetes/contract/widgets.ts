import type { Conversation } from "./conversation.ts";
import { metadataOf } from "./conversation.ts";

const WIDGETS = "/apis/contract.example/v1/namespaces/{ns}/widgets";
const KIND = { apiVersion: "contract.example/v1", kind: "Widget" };
const MERGE = "application/merge-patch+json";

function widget(name: string, spec: unknown, more: Record<string, unknown> = {}) {
  return { ...KIND, metadata: { name }, spec, ...more } as never;
}

/** Custom resources: pruning, defaults, validation, status, generation. */
export const WIDGET_CONVERSATIONS: readonly Conversation[] = [
  {
    name: "a custom object is pruned, defaulted and created without its status",
    steps: [
      {
        method: "POST",
        path: WIDGETS,
        body: widget("a", { size: "small", wat: 1, ports: [{ name: "http" }] }, {
          status: { since: "2026-01-01T00:00:00Z" },
          other: 1,
        }),
      },
      { method: "GET", path: `${WIDGETS}/a` },
      { method: "GET", path: `${WIDGETS}/a/status` },
      { method: "GET", path: `${WIDGETS}/a/scale` },
      { method: "POST", path: WIDGETS, body: widget("bare", { size: "large" }) },
      { method: "POST", path: WIDGETS, body: { ...KIND, metadata: { name: "empty" } } },
      {
        method: "POST",
        path: WIDGETS,
        body: widget("open", { size: "small", extra: { any: { thing: [1] } }, labels: { a: "b" } }),
      },
    ],
  },
  {
    name: "unknown fields are refused, warned of or ignored as asked",
    steps: [
      {
        method: "POST",
        path: `${WIDGETS}?fieldValidation=Strict`,
        body: { ...KIND, metadata: { name: "a", wat: 1 }, spec: { size: "small", no: 1 }, no: {} },
      },
      {
        method: "POST",
        path: `${WIDGETS}?fieldValidation=Warn`,
        body: { ...KIND, metadata: { name: "b" }, spec: { size: "small", no: 1 } },
      },
      {
        method: "POST",
        path: `${WIDGETS}?fieldValidation=Ignore`,
        body: { ...KIND, metadata: { name: "c" }, spec: { size: "small", no: 1 } },
      },
      { method: "POST", path: `${WIDGETS}?fieldValidation=Maybe`, body: widget("d", {}) },
    ],
  },
  {
    name: "a body of the wrong kind or form is refused",
    steps: [
      { method: "POST", path: WIDGETS, body: { metadata: { name: "a" } } },
      { method: "POST", path: WIDGETS, body: { ...KIND, apiVersion: "x/v1", metadata: {} } },
      { method: "POST", path: WIDGETS, body: { ...KIND, metadata: "x" } },
      {
        method: "POST",
        path: WIDGETS,
        body: { ...KIND, metadata: { name: "a", labels: { a: 5 } } },
      },
      { method: "POST", path: WIDGETS, body: "[]" },
      { method: "POST", path: WIDGETS, body: "bad" },
      { method: "POST", path: WIDGETS, body: "{bad" },
      { method: "POST", path: WIDGETS, body: "x", contentType: "text/plain" },
      { method: "POST", path: WIDGETS, body: { ...KIND, metadata: {} } },
      { method: "POST", path: WIDGETS, body: widget("A_b", { size: "small" }) },
      {
        method: "POST",
        path: WIDGETS,
        body:
          "apiVersion: contract.example/v1\nkind: Widget\nmetadata: {name: yaml}\nspec: {size: small}\n",
        contentType: "application/yaml",
      },
    ],
  },
  {
    name: "the schema is enforced",
    steps: [
      { method: "POST", path: WIDGETS, body: widget("a", { size: 5 }) },
      { method: "POST", path: WIDGETS, body: widget("a", {}) },
      { method: "POST", path: WIDGETS, body: widget("a", { size: "medium" }) },
      { method: "POST", path: WIDGETS, body: widget("a", { size: "small", colour: "" }) },
      { method: "POST", path: WIDGETS, body: widget("a", { size: "small", colour: "RED" }) },
      {
        method: "POST",
        path: WIDGETS,
        body: widget("a", { size: "small", colour: "ultramarine" }),
      },
      { method: "POST", path: WIDGETS, body: widget("a", { size: "small", count: 0 }) },
      { method: "POST", path: WIDGETS, body: widget("a", { size: "small", count: 10 }) },
      { method: "POST", path: WIDGETS, body: widget("a", { size: "small", count: "1" }) },
      { method: "POST", path: WIDGETS, body: widget("a", { size: "small", sealed: "yes" }) },
      {
        method: "POST",
        path: WIDGETS,
        body: widget("a", { size: "small", tags: ["a", "b", "c", "d"] }),
      },
      { method: "POST", path: WIDGETS, body: widget("a", { size: "small", tags: ["a", "a"] }) },
      { method: "POST", path: WIDGETS, body: widget("a", { size: "small", tags: "a" }) },
      {
        method: "POST",
        path: WIDGETS,
        body: widget("a", { size: "small", ports: [{ name: "x" }, { name: "x", port: 1 }] }),
      },
      { method: "POST", path: WIDGETS, body: widget("a", { size: "small", ports: [{ port: 1 }] }) },
      { method: "POST", path: WIDGETS, body: widget("a", { size: "small", labels: { a: 1 } }) },
    ],
  },
  {
    name: "the rules are enforced",
    steps: [
      { method: "POST", path: WIDGETS, body: widget("a", { size: "small", host: "https://x" }) },
      { method: "POST", path: WIDGETS, body: widget("a", { size: "small", host: "x.example:80" }) },
      { method: "POST", path: WIDGETS, body: widget("a", { size: "small", host: "" }) },
      { method: "POST", path: WIDGETS, body: widget("a", { size: "small", choice: {} }) },
      {
        method: "POST",
        path: WIDGETS,
        body: widget("a", { size: "small", choice: { a: "1", b: "2" } }),
      },
      {
        method: "POST",
        path: WIDGETS,
        body: widget("a", { size: "small", host: "x.Example", choice: { a: "1" }, fixed: "f" }),
      },
      {
        method: "PATCH",
        path: `${WIDGETS}/a`,
        body: { spec: { fixed: "g" } },
        contentType: MERGE,
      },
      {
        method: "PATCH",
        path: `${WIDGETS}/a`,
        body: { spec: { colour: "blue" } },
        contentType: MERGE,
      },
    ],
  },
  {
    name: "spec and status are written apart, and only the spec makes a generation",
    steps: [
      { method: "POST", path: WIDGETS, body: widget("a", { size: "small" }) },
      {
        method: "PATCH",
        path: `${WIDGETS}/a`,
        body: { spec: { size: "large" }, status: { since: "2026-01-01T00:00:00Z" } },
        contentType: MERGE,
        userAgent: "second/1",
      },
      {
        method: "PATCH",
        path: `${WIDGETS}/a/status`,
        body: {
          metadata: { labels: { a: "b" } },
          spec: { size: "small" },
          status: {
            since: "2026-01-01T00:00:00Z",
            observedGeneration: 2,
            conditions: [{ type: "Ready", status: "True" }],
          },
        },
        contentType: MERGE,
        userAgent: "third/1",
      },
      {
        method: "PATCH",
        path: `${WIDGETS}/a`,
        body: { metadata: { labels: { a: "b" }, annotations: { c: "d" } } },
        contentType: MERGE,
      },
      (answers) => ({
        method: "PUT",
        path: `${WIDGETS}/a/status`,
        body: {
          ...answers[3]!.body as Record<string, never>,
          status: { conditions: [{ type: "Ready", status: "False" }] },
        },
        userAgent: "fourth/1",
      }),
      {
        method: "PATCH",
        path: `${WIDGETS}/a/status`,
        body: {
          status: {
            since: "yesterday",
            conditions: [{ type: "Ready", status: "x" }, { type: "Ready", status: "True" }],
          },
        },
        contentType: MERGE,
      },
      {
        method: "PATCH",
        path: `${WIDGETS}/a/status`,
        body: { status: { observedGeneration: "x" } },
        contentType: MERGE,
      },
      {
        method: "PATCH",
        path: `${WIDGETS}/a/status`,
        body: { status: { wat: 1 } },
        contentType: MERGE,
      },
      { method: "PATCH", path: `${WIDGETS}/a/status`, body: { status: null }, contentType: MERGE },
    ],
  },
  {
    name: "updates of custom objects need the version they were decided on",
    steps: [
      { method: "POST", path: WIDGETS, body: widget("a", { size: "small" }) },
      { method: "PUT", path: `${WIDGETS}/a`, body: widget("a", { size: "small" }) },
      { method: "PUT", path: `${WIDGETS}/none`, body: widget("none", { size: "small" }) },
      {
        method: "PUT",
        path: `${WIDGETS}/a`,
        body: { ...KIND, metadata: { name: "a", resourceVersion: "1" }, spec: { size: "small" } },
      },
      (answers) => ({
        method: "PUT",
        path: `${WIDGETS}/a`,
        body: {
          ...KIND,
          metadata: { name: "a", resourceVersion: metadataOf(answers[0]).resourceVersion! },
          spec: { size: "large" },
        },
        userAgent: "second/1",
      }),
      (answers) => ({
        method: "PUT",
        path: `${WIDGETS}/a`,
        body: {
          ...KIND,
          metadata: { name: "a", resourceVersion: metadataOf(answers[0]).resourceVersion! },
          spec: { size: "small" },
        },
      }),
      {
        method: "PATCH",
        path: `${WIDGETS}/a`,
        body: { metadata: { resourceVersion: "1" } },
        contentType: MERGE,
      },
      {
        method: "PATCH",
        path: `${WIDGETS}/a`,
        body: { spec: { size: "small" } },
        contentType: "application/strategic-merge-patch+json",
      },
    ],
  },
  {
    name: "finalizers hold a deleted custom object",
    steps: [
      {
        method: "POST",
        path: WIDGETS,
        body: {
          ...KIND,
          metadata: { name: "a", finalizers: ["contract.example/held"] },
          spec: { size: "small" },
        },
      },
      { method: "DELETE", path: `${WIDGETS}/a` },
      { method: "DELETE", path: `${WIDGETS}/a` },
      { method: "POST", path: WIDGETS, body: widget("a", { size: "small" }) },
      {
        method: "PATCH",
        path: `${WIDGETS}/a`,
        body: { metadata: { finalizers: ["contract.example/held", "contract.example/more"] } },
        contentType: MERGE,
      },
      {
        method: "PATCH",
        path: `${WIDGETS}/a`,
        body: { spec: { size: "large" } },
        contentType: MERGE,
      },
      {
        method: "PATCH",
        path: `${WIDGETS}/a`,
        body: { metadata: { finalizers: null } },
        contentType: MERGE,
      },
      { method: "GET", path: `${WIDGETS}/a` },
      { method: "DELETE", path: `${WIDGETS}/a` },
    ],
  },
  {
    name: "a kind without status and columns",
    steps: [
      {
        method: "POST",
        path: "/apis/contract.example/v1/gadgets",
        body: {
          apiVersion: "contract.example/v1",
          kind: "Gadget",
          metadata: { name: "{ns}" },
          spec: { size: "x" },
          status: { seen: "y" },
        },
      },
      {
        method: "PATCH",
        path: "/apis/contract.example/v1/gadgets/{ns}",
        body: { status: { seen: "z" } },
        contentType: MERGE,
      },
      { method: "GET", path: "/apis/contract.example/v1/gadgets/{ns}/status" },
      {
        method: "GET",
        path: "/apis/contract.example/v1/gadgets/{ns}",
        accept: "application/json;as=Table;g=meta.k8s.io;v=v1",
      },
      { method: "DELETE", path: "/apis/contract.example/v1/gadgets/{ns}" },
    ],
  },
];
