import type { JsonObject } from "../model/json.ts";
import { type Conversation, metadataOf } from "./conversation.ts";

const SECRETS = "/api/v1/namespaces/{ns}/secrets";
const MERGE = "application/merge-patch+json";
const METADATA_ONLY = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1";

function secret(data: JsonObject = { ".dockerconfigjson": "e30=" }): JsonObject {
  return { metadata: { name: "a" }, type: "kubernetes.io/dockerconfigjson", data };
}

function deletion(preconditions: JsonObject = {}): JsonObject {
  return { apiVersion: "v1", kind: "DeleteOptions", preconditions, dryRun: ["All"] };
}

const held = (finalizers: readonly string[] | null) => ({
  method: "PATCH",
  path: `${SECRETS}/a`,
  contentType: MERGE,
  body: { metadata: { finalizers: finalizers === null ? null : [...finalizers] } },
});

const ACCOUNTS = "/api/v1/namespaces/{ns}/serviceaccounts";

/** A bare account, and one with something that its maker owns, both changed by two others. */
const CHANGED_ACCOUNTS = [{ name: "bare" }, { name: "owned", annotations: { a: "1" } }]
  .flatMap((metadata) => [
    { method: "POST", path: ACCOUNTS, body: { metadata } },
    ...["first/1", "second/1"].map((userAgent) => ({
      method: "PATCH",
      path: `${ACCOUNTS}/${metadata.name}`,
      contentType: MERGE,
      userAgent,
      body: { imagePullSecrets: [{ name: userAgent.slice(0, -2) }] },
    })),
  ]);

/** What would happen is asked for, and what is on its way out stays until its finalizers go. */
export const ASKING_CONVERSATIONS: readonly Conversation[] = [
  {
    name: "who changes an object of which nobody owned a field is not told of",
    steps: CHANGED_ACCOUNTS,
  },
  {
    name: "a dry run is admitted and validated as the request would be, and changes nothing",
    steps: [
      { method: "POST", path: SECRETS, body: secret() },
      { method: "POST", path: `${SECRETS}?dryRun=All`, body: secret() },
      { method: "POST", path: `${SECRETS}?dryRun=All`, body: secret({}) },
      { method: "DELETE", path: `${SECRETS}/a`, body: deletion({ uid: "another" }) },
      { method: "DELETE", path: `${SECRETS}/a`, body: deletion({ resourceVersion: "1" }) },
      (answers) => {
        const { uid, resourceVersion } = metadataOf(answers[0]);
        const body = deletion({ uid: uid!, resourceVersion: resourceVersion! });
        return { method: "DELETE", path: `${SECRETS}/a`, body };
      },
      { method: "DELETE", path: `${SECRETS}/none`, body: deletion() },
      { method: "GET", path: `${SECRETS}/a`, accept: METADATA_ONLY },
    ],
  },
  {
    name: "a Secret that finalizers hold is on its way out, and its name is taken until they go",
    steps: [
      { method: "POST", path: SECRETS, body: secret() },
      held(["a.b/c"]),
      { method: "DELETE", path: `${SECRETS}/a`, body: deletion() },
      { method: "GET", path: `${SECRETS}/a`, accept: METADATA_ONLY },
      { method: "DELETE", path: `${SECRETS}/a`, accept: METADATA_ONLY },
      { method: "POST", path: SECRETS, body: secret() },
      { method: "POST", path: `${SECRETS}?dryRun=All`, body: secret() },
      { method: "POST", path: `${SECRETS}?dryRun=All`, body: secret({}) },
      {
        method: "PATCH",
        path: `${SECRETS}/a`,
        contentType: MERGE,
        accept: METADATA_ONLY,
        body: { metadata: { labels: { x: "1" } } },
      },
      held(["a.b/c", "a.b/d"]),
      { method: "DELETE", path: `${SECRETS}/a`, body: deletion() },
      { method: "DELETE", path: `${SECRETS}/a`, accept: METADATA_ONLY },
      held(null),
      { method: "GET", path: `${SECRETS}/a` },
    ],
  },
];
