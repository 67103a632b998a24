import { type Conversation, metadataOf, type StepOf } from "./conversation.ts";

const MAPS = "/api/v1/namespaces/{ns}/configmaps";
const WIDGETS = "/apis/contract.example/v1/namespaces/{ns}/widgets";
const MERGE = "application/merge-patch+json";
const TABLE = "application/json;as=Table;g=meta.k8s.io;v=v1";
const METADATA = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1";
const METADATA_LIST = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1";

function map(name: string, labels: Record<string, string> = {}): StepOf {
  return { method: "POST", path: MAPS, body: { metadata: { name, labels }, data: { a: "b" } } };
}

function label(name: string, labels: Record<string, string | null>): StepOf {
  return {
    method: "PATCH",
    path: `${MAPS}/${name}`,
    body: { metadata: { labels } },
    contentType: MERGE,
  };
}

/** A watch from the version of the first answer, ended by the server after a second. */
function watchFrom(index: number, path: string, query: string, accept?: string): StepOf {
  return (answers) => ({
    method: "GET",
    path: `${path}?watch=true&timeoutSeconds=1&resourceVersion=${
      metadataOf(answers[index]).resourceVersion
    }${query}`,
    ...(accept === undefined ? {} : { accept }),
  });
}

function lists(queries: readonly string[]): StepOf[] {
  return queries.map((query) => ({ method: "GET", path: `${MAPS}?${query}` }));
}

/** Lists, watches and the shapes in which objects are read. */
export const READING_CONVERSATIONS: readonly Conversation[] = [
  {
    name: "selectors of a list",
    steps: [
      map("a", { x: "1", y: "1" }),
      map("b", { x: "2" }),
      map("c"),
      ...lists([
        "labelSelector=x",
        "labelSelector=!x",
        "labelSelector=x%3D1",
        "labelSelector=x%3D%3D1,y%3D1",
        "labelSelector=x!%3D1",
        "labelSelector=x%20in%20(1,2)",
        "labelSelector=x%20notin%20(1)",
        "labelSelector=a%20b%20c",
        "fieldSelector=metadata.name%3Db",
        "fieldSelector=metadata.name!%3Db,metadata.namespace%3D{ns}",
        "fieldSelector=data.a%3Db",
        "limit=x",
        "resourceVersion=bad",
        "resourceVersionMatch=Exact",
        "resourceVersion=0",
        "resourceVersion=999999999",
      ]),
    ],
  },
  {
    name: "selectors that compare integers",
    steps: [
      map("a", { x: "9" }),
      map("b", { x: "10" }),
      map("c", { x: "ten" }),
      map("d"),
      ...lists([
        "labelSelector=x%3E9",
        "labelSelector=x%20%3C%2010",
        "labelSelector=x%3E8,x%3C10",
        "labelSelector=x%3Eten",
      ]),
    ],
  },
  {
    name: "paging keeps to the state of the first page",
    steps: [
      map("a"),
      map("b"),
      map("c"),
      { method: "GET", path: `${MAPS}?limit=2` },
      { method: "DELETE", path: `${MAPS}/c` },
      map("d"),
      (answers) => ({
        method: "GET",
        path: `${MAPS}?limit=2&continue=${encodeURIComponent(metadataOf(answers[3]).continue!)}`,
      }),
      { method: "GET", path: `${MAPS}?limit=1&labelSelector=nope!%3D1` },
      { method: "GET", path: `${MAPS}?limit=5` },
    ],
  },
  {
    name: "a watch replays what happened since a version",
    steps: [
      map("a", { x: "1" }),
      map("b"),
      label("a", { x: "2" }),
      label("a", { x: "2" }),
      { method: "DELETE", path: `${MAPS}/b` },
      watchFrom(0, MAPS, ""),
      watchFrom(0, MAPS, "", METADATA),
      watchFrom(0, MAPS, "&fieldSelector=metadata.name%3Da"),
    ],
  },
  {
    name: "a watch tells what enters and leaves its selection",
    steps: [
      map("a"),
      label("a", { x: "1" }),
      label("a", { x: "1", y: "1" }),
      label("a", { x: null }),
      label("a", { x: "1" }),
      { method: "DELETE", path: `${MAPS}/a` },
      watchFrom(0, MAPS, "&labelSelector=x%3D1"),
    ],
  },
  {
    name: "a watch from nothing begins with what there is",
    steps: [
      map("a"),
      { method: "GET", path: `${MAPS}?watch=true&timeoutSeconds=1` },
      { method: "GET", path: `${MAPS}?watch=true&timeoutSeconds=1&resourceVersion=0` },
      {
        method: "GET",
        path:
          `${MAPS}?watch=true&timeoutSeconds=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true`,
      },
      { method: "GET", path: `${MAPS}?watch=true&timeoutSeconds=1&sendInitialEvents=true` },
      {
        method: "GET",
        path: `${MAPS}?watch=true&timeoutSeconds=1&resourceVersionMatch=NotOlderThan`,
      },
      { method: "GET", path: `${MAPS}?watch=true&timeoutSeconds=1&resourceVersion=bad` },
    ],
  },
  {
    name: "tables of a custom kind",
    steps: [
      { method: "GET", path: WIDGETS, accept: TABLE },
      {
        method: "POST",
        path: WIDGETS,
        body: {
          apiVersion: "contract.example/v1",
          kind: "Widget",
          metadata: { name: "a" },
          spec: { size: "small", count: 3, sealed: false, tags: ["x", "y"] },
        },
      },
      {
        method: "PATCH",
        path: `${WIDGETS}/a/status`,
        body: {
          status: {
            since: "2020-01-01T00:00:00Z",
            conditions: [{ type: "Other", status: "False" }, { type: "Ready", status: "True" }],
          },
        },
        contentType: MERGE,
      },
      { method: "GET", path: `${WIDGETS}/a`, accept: TABLE },
      { method: "GET", path: `${WIDGETS}?includeObject=None`, accept: TABLE },
      { method: "GET", path: `${WIDGETS}?includeObject=Object&limit=1`, accept: TABLE },
      watchFrom(1, WIDGETS, "", TABLE),
      { method: "GET", path: `${WIDGETS}/a`, accept: METADATA },
      { method: "GET", path: WIDGETS, accept: METADATA_LIST },
      {
        method: "GET",
        path: `${WIDGETS}/a`,
        accept: "application/json;as=Table;g=meta.k8s.io;v=v9,application/json",
      },
      { method: "GET", path: WIDGETS },
    ],
  },
  {
    name: "tables of the built-in kinds",
    steps: [
      map("a"),
      {
        method: "POST",
        path: "/api/v1/namespaces/{ns}/secrets",
        body: { metadata: { name: "a" }, data: { k: "dg==" } },
      },
      {
        method: "POST",
        path: "/api/v1/namespaces/{ns}/serviceaccounts",
        body: { metadata: { name: "a" } },
      },
      {
        method: "POST",
        path: "/apis/coordination.k8s.io/v1/namespaces/{ns}/leases",
        body: { metadata: { name: "a" }, spec: { holderIdentity: "me" } },
      },
      {
        method: "POST",
        path: "/api/v1/namespaces/{ns}/events",
        body: {
          metadata: { name: "a" },
          involvedObject: { kind: "Widget", name: "a", namespace: "{ns}" },
          reason: "Minted",
          message: " m ",
          type: "Normal",
          eventTime: "2020-01-01T00:00:00.000000Z",
          reportingComponent: "x.y/z",
          reportingInstance: "i",
          action: "Do",
          series: { count: 3, lastObservedTime: "2020-01-01T00:00:00.000000Z" },
        },
      },
      ...[
        "/api/v1/namespaces/{ns}/configmaps/a",
        "/api/v1/namespaces/{ns}/secrets",
        "/api/v1/namespaces/{ns}/serviceaccounts",
        "/apis/coordination.k8s.io/v1/namespaces/{ns}/leases",
        "/api/v1/namespaces/{ns}/events",
        "/api/v1/namespaces/{ns}",
        "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/widgets.contract.example",
      ].map((path) => ({ method: "GET", path, accept: TABLE })),
    ],
  },
  {
    name: "what is no resource",
    steps: [
      { method: "GET", path: "/nope" },
      { method: "GET", path: "/apis/nope.example/v1" },
      { method: "GET", path: "/api/v1/nopes" },
      { method: "GET", path: "/apis/contract.example/v1/nopes" },
      { method: "GET", path: "/apis/contract.example/v9/widgets" },
      { method: "POST", path: "/version" },
      { method: "POST", path: "/api/v1/secrets", body: {} },
      { method: "GET", path: "/api/v1/secrets/foo" },
      { method: "GET", path: "/api/v1/namespaces/{ns}/secrets/x/status" },
      { method: "POST", path: `${MAPS}/x`, body: {} },
      { method: "PUT", path: MAPS, body: {} },
      { method: "GET", path: "/apis/contract.example" },
      { method: "GET", path: "/healthz" },
    ],
  },
];
