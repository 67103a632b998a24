import type { Conversation, StepOf } from "./conversation.ts";

const MAPS = "/api/v1/namespaces/{ns}/configmaps";
const WIDGETS = "/apis/contract.example/v1/namespaces/{ns}/widgets";
const APPLY = "application/apply-patch+yaml";

function applyMap(manager: string, data: unknown, more = "", labels: unknown = undefined): StepOf {
  return {
    method: "PATCH",
    path: `${MAPS}/a?fieldManager=${manager}${more}`,
    body: {
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: { name: "a", ...(labels === undefined ? {} : { labels }) },
      data,
    } as never,
    contentType: APPLY,
  };
}

function applyWidget(manager: string, spec: unknown, more = ""): StepOf {
  return {
    method: "PATCH",
    path: `${WIDGETS}/a?fieldManager=${manager}${more}`,
    body: {
      apiVersion: "contract.example/v1",
      kind: "Widget",
      metadata: { name: "a" },
      spec,
    } as never,
    contentType: APPLY,
  };
}

/** Server-side apply. */
export const APPLY_CONVERSATIONS: readonly Conversation[] = [
  {
    name: "apply creates, changes and removes what its manager owns",
    steps: [
      applyMap("one", { a: "1", b: "1" }, "", { x: "y" }),
      applyMap("one", { a: "1", b: "1" }, "", { x: "y" }),
      applyMap("one", { a: "2" }),
      applyMap("two", { c: "1" }),
      applyMap("two", { a: "2" }),
      applyMap("two", { a: "3" }),
      applyMap("two", { a: "3" }, "&force=true"),
      applyMap("one", {}),
      {
        method: "PATCH",
        path: `${MAPS}/a`,
        body: { data: { u: "1" } },
        contentType: "application/merge-patch+json",
      },
      applyMap("two", { u: "2" }),
      applyMap("two", { a: "3" }, "&dryRun=All"),
      {
        method: "PATCH",
        path: `${MAPS}/a`,
        body: { apiVersion: "v1", kind: "ConfigMap" },
        contentType: APPLY,
      },
    ],
  },
  {
    name: "apply merges lists by their kind",
    steps: [
      applyWidget("one", { size: "small", tags: ["x"], ports: [{ name: "http", port: 1 }] }),
      applyWidget("two", { tags: ["y"], ports: [{ name: "https", port: 2 }] }),
      applyWidget("two", { ports: [{ name: "http", port: 3 }] }),
      applyWidget("one", { size: "small" }),
      applyWidget("two", {}),
    ],
  },
];
