import type { Conversation, Step } from "./conversation.ts";

const GAUGES = "/apis/contract.example/v1/namespaces/{ns}/gauges";
const KIND = { apiVersion: "contract.example/v1", kind: "Gauge" };
const MERGE = "application/merge-patch+json";
const APPLY = "application/apply-patch+yaml";

function gauge(name: string, more: Record<string, unknown> = {}) {
  return { ...KIND, metadata: { name }, ...more } as never;
}

function patch(path: string, body: Record<string, unknown>): Step {
  return { method: "PATCH", path: `${GAUGES}/${path}`, body: body as never, contentType: MERGE };
}

/** A status with a default, which nobody writes and everybody reads. */
export const GAUGE_CONVERSATIONS: readonly Conversation[] = [
  {
    name: "a status with a default has it wherever it is read, until one is written",
    steps: [
      { method: "POST", path: GAUGES, body: gauge("a", { status: { seen: "x" } }) },
      { method: "GET", path: `${GAUGES}/a` },
      { method: "GET", path: GAUGES },
      { method: "GET", path: `${GAUGES}?watch=1&resourceVersion=0&timeoutSeconds=1` },
      { method: "POST", path: `${GAUGES}?dryRun=All`, body: gauge("dry") },
      patch("a", { metadata: { labels: { a: "b" } } }),
      patch("a", { spec: { size: "small" }, status: { seen: "x" } }),
      patch("a/status", { status: { seen: "x" } }),
      patch("a/status", { status: { observedGeneration: 2 } }),
      patch("a/status", { status: null }),
      patch("a/status", { status: { observedGeneration: null } }),
      patch("a", { spec: { size: "large" } }),
      {
        method: "PATCH",
        path: `${GAUGES}/b?fieldManager=one`,
        body: gauge("b", { spec: { size: "small" } }),
        contentType: APPLY,
      },
      {
        method: "PATCH",
        path: `${GAUGES}/b/status?fieldManager=two`,
        body: gauge("b", { status: { seen: "y" } }),
        contentType: APPLY,
      },
      { method: "DELETE", path: `${GAUGES}/a` },
    ],
  },
];
