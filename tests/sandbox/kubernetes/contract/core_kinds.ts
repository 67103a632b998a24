import { type Conversation, metadataOf } from "./conversation.ts";

const SECRETS = "/api/v1/namespaces/{ns}/secrets";
const ACCOUNTS = "/api/v1/namespaces/{ns}/serviceaccounts";
const MAPS = "/api/v1/namespaces/{ns}/configmaps";
const LEASES = "/apis/coordination.k8s.io/v1/namespaces/{ns}/leases";
const EVENTS = "/api/v1/namespaces/{ns}/events";
const MERGE = "application/merge-patch+json";
const STRATEGIC = "application/strategic-merge-patch+json";
const JSON_PATCH = "application/json-patch+json";

function patchSteps(path: string, contentType: string, bodies: readonly unknown[]) {
  return bodies.map((body) => ({ method: "PATCH", path, contentType, body: body as never }));
}

/** The built-in kinds: creation, validation, updates, patches, deletion. */
export const CORE_CONVERSATIONS: readonly Conversation[] = [
  {
    name: "a Secret is created with server fields and owned fields",
    steps: [
      {
        method: "POST",
        path: SECRETS,
        body: {
          apiVersion: "v1",
          kind: "Secret",
          metadata: {
            name: "a",
            labels: { x: "1" },
            ownerReferences: [{
              apiVersion: "v1",
              kind: "ConfigMap",
              name: "c",
              uid: "11111111-2222-3333-4444-555555555555",
              controller: true,
              blockOwnerDeletion: false,
            }],
            finalizers: ["example.com/f"],
          },
          data: { k: "dg==" },
        },
      },
      { method: "POST", path: SECRETS, body: { metadata: { name: "a" } } },
      { method: "POST", path: SECRETS, body: { metadata: { name: "a2" } } },
      { method: "POST", path: SECRETS, body: { metadata: {} } },
      {
        method: "POST",
        path: SECRETS,
        body: { metadata: { generateName: "gen-" }, stringData: { a: "b" } },
      },
      {
        method: "POST",
        path: SECRETS,
        body: { metadata: { name: "b", uid: "12", labels: {}, creationTimestamp: null }, data: {} },
      },
      { method: "POST", path: SECRETS, body: { metadata: { name: "c", resourceVersion: "12" } } },
      { method: "GET", path: `${SECRETS}/none` },
      { method: "GET", path: `${SECRETS}/a`, accept: "text/html" },
      { method: "GET", path: `${SECRETS}/a`, accept: "text/html, */*" },
    ],
  },
  {
    name: "a Secret is validated",
    steps: [
      {
        method: "POST",
        path: SECRETS,
        body: {
          metadata: {
            name: "A_b",
            labels: { "a/b/c": "x y" },
            annotations: { "Q q": "x" },
            finalizers: ["nofinal"],
            ownerReferences: [{ kind: "X" }],
          },
          data: { "a/b": "dg==" },
          type: "kubernetes.io/dockerconfigjson",
        } as never,
      },
      {
        method: "POST",
        path: SECRETS,
        body: {
          metadata: { name: "b" },
          type: "kubernetes.io/dockerconfigjson",
          data: { ".dockerconfigjson": "dg==" },
        },
      },
      {
        method: "POST",
        path: SECRETS,
        body: {
          metadata: { name: "b" },
          type: "kubernetes.io/dockerconfigjson",
          data: { ".dockerconfigjson": "e30=" },
        },
      },
      { method: "POST", path: SECRETS, body: { metadata: { name: "c" }, data: { x: "!!" } } },
      { method: "POST", path: SECRETS, body: { metadata: { name: "c" }, data: { x: 5 } } },
      {
        method: "POST",
        path: SECRETS,
        body: { kind: "ConfigMap", apiVersion: "v1", metadata: { name: "c" } },
      },
      {
        method: "POST",
        path: SECRETS,
        body: { kind: "Secret", apiVersion: "v2", metadata: { name: "c" } },
      },
      { method: "POST", path: SECRETS, body: { metadata: { name: "c", namespace: "other" } } },
      { method: "POST", path: SECRETS, body: "{bad" },
      { method: "POST", path: SECRETS, body: "" },
      { method: "POST", path: SECRETS, body: "x", contentType: "text/plain" },
      {
        method: "POST",
        path: `${SECRETS}?fieldValidation=Strict`,
        body: { metadata: { name: "c", foo: 1 }, bar: {} } as never,
      },
      { method: "POST", path: SECRETS, body: { metadata: { name: "c" }, bar: {} } },
      { method: "POST", path: `${SECRETS}?dryRun=All`, body: { metadata: { name: "dry" } } },
      { method: "GET", path: `${SECRETS}/dry` },
      { method: "POST", path: `${SECRETS}?dryRun=x`, body: { metadata: { name: "dry" } } },
      {
        method: "POST",
        path: "/api/v1/namespaces/{ns}-none/secrets",
        body: { metadata: { name: "c" } },
      },
      { method: "POST", path: SECRETS, body: { metadata: { name: "x".repeat(254) } } },
      {
        method: "POST",
        path: SECRETS,
        body: { metadata: { name: "d", labels: { a: "x".repeat(64) } } },
      },
    ],
  },
  {
    name: "a Secret is updated, and every field knows who changed it last",
    steps: [
      {
        method: "POST",
        path: SECRETS,
        body: { metadata: { name: "a" }, data: { k: "dg==" } },
        userAgent: "first/1",
      },
      { method: "PUT", path: `${SECRETS}/a`, body: { metadata: { name: "zz" } } },
      { method: "PUT", path: `${SECRETS}/none`, body: { metadata: { name: "none" } } },
      {
        method: "PUT",
        path: `${SECRETS}/a`,
        body: { metadata: { name: "a", resourceVersion: "1" } },
      },
      {
        method: "PUT",
        path: `${SECRETS}/a`,
        body: { metadata: { name: "a", resourceVersion: "bad" } },
      },
      { method: "PUT", path: `${SECRETS}/a`, body: { metadata: { name: "a" }, type: "other" } },
      {
        method: "PUT",
        path: `${SECRETS}/a`,
        body: { metadata: { name: "a" }, data: { k: "dg==", k2: "dg==" } },
        userAgent: "second/1",
      },
      {
        method: "PATCH",
        path: `${SECRETS}/a?fieldManager=third`,
        body: { data: { k: "eA==" } },
        contentType: MERGE,
      },
      { method: "PATCH", path: `${SECRETS}/a`, body: { data: { k: "eA==" } }, contentType: MERGE },
      {
        method: "PATCH",
        path: `${SECRETS}/a`,
        body: { data: { k: null } },
        contentType: MERGE,
        userAgent: "first/1",
      },
      {
        method: "PATCH",
        path: `${SECRETS}/a`,
        body: { metadata: { uid: "1" } },
        contentType: MERGE,
      },
      { method: "PATCH", path: `${SECRETS}/a`, body: { data: { k: 7 } }, contentType: MERGE },
      {
        method: "PATCH",
        path: `${SECRETS}/a?dryRun=All`,
        body: { data: { dry: "eA==" } },
        contentType: MERGE,
      },
      {
        method: "PATCH",
        path: `${SECRETS}/a`,
        body: [{ op: "replace", path: "/metadata/managedFields", value: [{}] }],
        contentType: JSON_PATCH,
      },
    ],
  },
  {
    name: "patches of the three kinds",
    steps: [
      { method: "POST", path: SECRETS, body: { metadata: { name: "a" }, data: { k: "dg==" } } },
      ...patchSteps(`${SECRETS}/a`, JSON_PATCH, [
        [{ op: "test", path: "/data/k", value: "no" }],
        [{ op: "remove", path: "/data/none" }],
        [{ op: "replace", path: "/x/none", value: 1 }],
        [{ op: "replace", path: "/metadata/name", value: "q" }],
        { op: "replace" },
        [{ op: "wat", path: "/x" }],
        [{ op: "test", path: "/data/k", value: "dg==" }, {
          op: "add",
          path: "/data/j",
          value: "eA==",
        }],
        [{ op: "add", path: "/metadata/labels", value: { "a.b/c": "d" } }],
        [{ op: "remove", path: "/metadata/labels/a.b~1c" }],
        [{ op: "copy", from: "/data/k", path: "/data/l" }, {
          op: "move",
          from: "/data/j",
          path: "/data/m",
        }],
      ]),
      ...patchSteps(`${SECRETS}/a`, MERGE, [[1], "{bad", "5", { data: { k: "!" } }]),
      ...patchSteps(`${SECRETS}/a`, "application/json", [{}]),
      ...patchSteps(`${SECRETS}/none`, MERGE, [{}]),
    ],
  },
  {
    name: "strategic merge patches of a ServiceAccount",
    steps: [
      {
        method: "POST",
        path: ACCOUNTS,
        body: {
          metadata: { name: "s", annotations: { a: "b" } },
          imagePullSecrets: [{ name: "x" }, { name: "y" }],
          secrets: [{ name: "t" }, { name: "u" }],
        },
      },
      ...patchSteps(`${ACCOUNTS}/s`, STRATEGIC, [
        { imagePullSecrets: [{ name: "z" }] },
        { imagePullSecrets: [{ name: "x", $patch: "delete" }] },
        { imagePullSecrets: [{ $patch: "replace" }, { name: "only" }] },
        { secrets: [{ name: "v" }] },
        { secrets: [{ name: "t", $patch: "delete" }] },
        {
          "$setElementOrder/secrets": [{ name: "u" }, { name: "w" }, { name: "v" }],
          secrets: [{ name: "w" }],
        },
        { "$setElementOrder/secrets": [{ name: "v" }, { name: "w" }, { name: "u" }] },
        { secrets: [{ $patch: "replace" }, { name: "q" }] },
        { secrets: [{ nokey: "x" }] },
        { secrets: [{ name: "q", $patch: "wat" }] },
        { secrets: null },
        { metadata: { finalizers: ["a.b/c"] } },
        { metadata: { finalizers: ["a.b/d"] } },
        { metadata: { "$deleteFromPrimitiveList/finalizers": ["a.b/c"] } },
        { metadata: { finalizers: null } },
        { metadata: { annotations: { $patch: "replace", n: "1" } } },
        { metadata: { annotations: { m: "2" } } },
        { metadata: { annotations: { $retainKeys: ["m"], m: "3" } } },
        { metadata: { annotations: { $patch: "delete" } } },
        { imagePullSecrets: null, automountServiceAccountToken: false },
      ]),
    ],
  },
  {
    name: "deletion: preconditions, finalizers, policies",
    steps: [
      { method: "POST", path: ACCOUNTS, body: { metadata: { name: "s", finalizers: ["a.b/c"] } } },
      { method: "DELETE", path: `${ACCOUNTS}/s`, body: { preconditions: { uid: "x" } } },
      {
        method: "DELETE",
        path: `${ACCOUNTS}/s`,
        body: { preconditions: { resourceVersion: "1" } },
      },
      { method: "DELETE", path: `${ACCOUNTS}/s`, body: { propagationPolicy: "Wat" } },
      { method: "DELETE", path: `${ACCOUNTS}/s?dryRun=All` },
      (answers) => ({
        method: "DELETE",
        path: `${ACCOUNTS}/s`,
        body: { preconditions: { uid: metadataOf(answers[0]).uid! } },
      }),
      { method: "DELETE", path: `${ACCOUNTS}/s` },
      {
        method: "PATCH",
        path: `${ACCOUNTS}/s`,
        body: { metadata: { labels: { x: "y" } } },
        contentType: MERGE,
      },
      {
        method: "PATCH",
        path: `${ACCOUNTS}/s`,
        body: { metadata: { finalizers: ["a.b/c", "a.b/d"] } },
        contentType: MERGE,
      },
      {
        method: "PATCH",
        path: `${ACCOUNTS}/s`,
        body: { metadata: { finalizers: [] } },
        contentType: MERGE,
      },
      { method: "GET", path: `${ACCOUNTS}/s` },
      { method: "DELETE", path: `${ACCOUNTS}/s` },
      { method: "POST", path: ACCOUNTS, body: { metadata: { name: "t", labels: { a: "1" } } } },
      { method: "POST", path: ACCOUNTS, body: { metadata: { name: "u", labels: { a: "2" } } } },
      { method: "DELETE", path: `${ACCOUNTS}?labelSelector=a=1` },
      { method: "DELETE", path: `${ACCOUNTS}/u` },
      { method: "GET", path: ACCOUNTS },
    ],
  },
  {
    name: "tokens of a ServiceAccount",
    steps: [
      { method: "POST", path: `${ACCOUNTS}/s/token`, body: { spec: {} } },
      { method: "POST", path: ACCOUNTS, body: { metadata: { name: "s" } } },
      {
        method: "POST",
        path: `${ACCOUNTS}/s/token`,
        body: {
          apiVersion: "authentication.k8s.io/v1",
          kind: "TokenRequest",
          spec: { audiences: ["api://A"], expirationSeconds: 600 },
        },
      },
      { method: "POST", path: `${ACCOUNTS}/s/token`, body: { spec: { audiences: ["a", "b"] } } },
      { method: "POST", path: `${ACCOUNTS}/s/token`, body: { spec: { expirationSeconds: 599 } } },
      {
        method: "POST",
        path: `${ACCOUNTS}/s/token`,
        body: { spec: { expirationSeconds: 4294967299 } },
      },
      { method: "POST", path: `${ACCOUNTS}/s/token`, body: { metadata: { name: "zz" }, spec: {} } },
      { method: "GET", path: `${ACCOUNTS}/s/token` },
      (answers) => ({
        method: "POST",
        path: `${ACCOUNTS}/s/token`,
        body: { metadata: { uid: metadataOf(answers[1]).uid! }, spec: { audiences: ["a"] } },
      }),
      {
        method: "POST",
        path: `${ACCOUNTS}/s/token`,
        body: { metadata: { uid: "another" }, spec: { audiences: ["a"] } },
      },
    ],
  },
  {
    name: "leases",
    steps: [
      {
        method: "POST",
        path: LEASES,
        body: {
          metadata: { name: "l" },
          spec: {
            holderIdentity: "me",
            leaseDurationSeconds: 15,
            acquireTime: "2026-01-01T00:00:00.000000Z",
            renewTime: "2026-01-01T00:00:00.000000Z",
            leaseTransitions: 0,
          },
        },
      },
      {
        method: "POST",
        path: LEASES,
        body: { metadata: { name: "m" }, spec: { renewTime: "2026-01-01T00:00:00Z" } },
      },
      {
        method: "POST",
        path: LEASES,
        body: { metadata: { name: "m" }, spec: { leaseDurationSeconds: 0 } },
      },
      { method: "POST", path: LEASES, body: { metadata: { name: "m" } } },
      {
        method: "PUT",
        path: `${LEASES}/l`,
        body: { metadata: { name: "l" }, spec: { holderIdentity: "you" } },
      },
      (answers) => ({
        method: "PUT",
        path: `${LEASES}/l`,
        body: {
          metadata: { name: "l", resourceVersion: metadataOf(answers[0]).resourceVersion! },
          spec: { holderIdentity: "", leaseDurationSeconds: 1 },
        },
        userAgent: "second/1",
      }),
      (answers) => ({
        method: "PUT",
        path: `${LEASES}/l`,
        body: {
          metadata: { name: "l", resourceVersion: metadataOf(answers[0]).resourceVersion! },
          spec: { holderIdentity: "late" },
        },
      }),
      {
        method: "PUT",
        path: `${LEASES}/new`,
        body: { metadata: { name: "new" }, spec: { holderIdentity: "you" } },
      },
    ],
  },
  {
    name: "events and config maps",
    steps: [
      {
        method: "POST",
        path: EVENTS,
        body: {
          metadata: { name: "e" },
          involvedObject: { kind: "Widget", name: "a", namespace: "{ns}" },
          reason: "Minted",
          message: "m",
          type: "Normal",
          firstTimestamp: "2026-01-01T00:00:00Z",
          lastTimestamp: "2026-01-01T00:00:00Z",
          count: 2,
          source: { component: "c" },
        },
      },
      {
        method: "POST",
        path: EVENTS,
        body: { metadata: { name: "f" }, involvedObject: { name: "a" } },
      },
      {
        method: "PATCH",
        path: `${EVENTS}/e`,
        body: { count: 3, lastTimestamp: "2026-01-01T00:01:00Z" },
        contentType: MERGE,
      },
      { method: "GET", path: `${EVENTS}?fieldSelector=involvedObject.name=a,reason!=Minted` },
      { method: "GET", path: `${EVENTS}?fieldSelector=involvedObject.name=a,type=Normal` },
      {
        method: "POST",
        path: MAPS,
        body: { metadata: { name: "c" }, data: { a: "b" }, immutable: true },
      },
      { method: "PATCH", path: `${MAPS}/c`, body: { data: { a: "c" } }, contentType: MERGE },
      {
        method: "PATCH",
        path: `${MAPS}/c`,
        body: { metadata: { labels: { l: "1" } } },
        contentType: MERGE,
      },
      { method: "POST", path: MAPS, body: { metadata: { name: "d" }, data: { "": "b" } } },
    ],
  },
  {
    name: "namespaces",
    steps: [
      { method: "POST", path: "/api/v1/namespaces", body: { metadata: { name: "{ns}-two" } } },
      { method: "POST", path: "/api/v1/namespaces", body: { metadata: { name: "a.b" } } },
      { method: "POST", path: "/api/v1/namespaces", body: { metadata: { name: "{ns}-two" } } },
      {
        method: "PATCH",
        path: "/api/v1/namespaces/{ns}-two",
        body: { metadata: { labels: { a: "b" } } },
        contentType: MERGE,
      },
      { method: "DELETE", path: "/api/v1/namespaces/default" },
    ],
  },
];
