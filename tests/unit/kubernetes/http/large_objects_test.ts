import assert from "node:assert/strict";
import type { RequestOptions, RestClient } from "../../../../src/kubernetes/http/contract.ts";
import { isConflict } from "../../../../src/kubernetes/http/errors.ts";
import { LargeObjects } from "../../../../src/kubernetes/http/large_objects.ts";

const ACCOUNT = "/api/v1/namespaces/team/serviceaccounts/large";
const BINDING = "/apis/acrpull.microsoft.com/v1beta2/namespaces/team/acrpullbindings/large";
const SECRET = "/api/v1/namespaces/team/secrets/large";
const METADATA = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1";
const TABLE = "application/json;as=Table;g=meta.k8s.io;v=v1";

const turn = () => new Promise((resolve) => setTimeout(resolve, 0));
const never = () => new Promise(() => {});

/** A client of which `answer` says what is answered, and what was sent by it. */
function rig(answer: (request: RequestOptions) => unknown = never) {
  const sent: RequestOptions[] = [];
  const rest = {
    performRequest: (request: RequestOptions) => {
      sent.push(request);
      return Promise.resolve(answer(request));
    },
    [Symbol.dispose]: () => {},
  } as unknown as RestClient;
  const objects = new LargeObjects(() => 0);
  const client = objects.wrap(rest);
  const perform = (options: Partial<RequestOptions> & { path: string }) =>
    client.performRequest({ method: "GET", expectJson: true, ...options } as const);
  const send = async (options: Partial<RequestOptions> & { path: string }) => {
    perform(options).catch(() => {});
    await turn();
  };
  return { objects, perform, send, sent };
}

for (
  const [what, path] of [
    ["a ServiceAccount", ACCOUNT],
    ["a binding", BINDING],
    ["a Secret's metadata", SECRET],
  ] as const
) {
  Deno.test(`large objects: of reads of ${what} that is large, one of a namespace is under way`, async () => {
    const { objects, send, sent } = rig();
    objects.note(path, true);
    await send({ path, accept: METADATA });
    await send({ path, accept: METADATA });
    assert.equal(sent.length, 1);
    await send({ path: path.replace("large", "other"), accept: METADATA });
    assert.equal(sent.length, 2, "what is not large waits for nothing");
  });
}

Deno.test("large objects: another namespace's has a place beside it", async () => {
  const { objects, send, sent } = rig();
  for (const namespace of ["team", "other"]) {
    objects.note(ACCOUNT.replace("team", namespace), true);
    await send({ path: ACCOUNT.replace("team", namespace) });
    await send({ path: ACCOUNT.replace("team", namespace) });
  }
  assert.equal(sent.length, 2);
});

Deno.test("large objects: what is urgent is read before all that waits", async () => {
  const ends: (() => void)[] = [];
  const { objects, send, sent } = rig(() => new Promise<void>((end) => ends.push(end)));
  objects.rankBy(({ plural, namespace, name }) => {
    assert.deepEqual([plural, name], ["secrets", "large"]);
    return namespace === "due" ? { from: 0, until: 1 } : undefined;
  });
  for (const namespace of ["a", "b", "c", "due"]) {
    await send({ path: SECRET.replace("team", namespace) });
  }
  assert.equal(sent.length, 2);
  ends[0]!();
  await turn();
  assert.equal(sent[2]!.path, SECRET.replace("team", "due"));
});

for (
  const [what, path, method] of [
    ["a ServiceAccount", ACCOUNT, "PATCH"],
    ["a binding", BINDING, "PUT"],
    ["a binding's status", `${BINDING}/status`, "PATCH"],
  ] as const
) {
  Deno.test(`large objects: any number of writes to ${what} that is large may hang, and hold up no read`, async () => {
    const { objects, send, sent } = rig(({ method }) => method === "GET" ? {} : never());
    objects.note(path.replace("/status", ""), true);
    for (let index = 0; index < 5; index++) await send({ path, method });
    assert.equal(sent.length, 5);
    for (const { accept, querystring } of sent) {
      assert.deepEqual([accept, `${querystring}`], [TABLE, "includeObject=None"]);
    }
    await send({ path: path.replace("/status", "") });
    assert.equal(sent.length, 6);
  });
}

const TABLE_ANSWER = { kind: "Table", metadata: { resourceVersion: "7" }, rows: [{ cells: [] }] };

/** The answers to a write and to the read after it. */
function answering(written: unknown, read: unknown) {
  return rig(({ method }) => method === "GET" ? read : written);
}

Deno.test("large objects: a write is answered by the object as it is then, in the form that was asked for", async () => {
  const object = { metadata: { name: "large", resourceVersion: "7" }, imagePullSecrets: [] };
  const { objects, perform, sent } = answering(TABLE_ANSWER, object);
  objects.note(ACCOUNT, true);
  const querystring = new URLSearchParams({ fieldManager: "us" });
  const bodyJson = { imagePullSecrets: [] };
  const request = { method: "PATCH", path: ACCOUNT, accept: METADATA, querystring } as const;
  assert.deepEqual(await perform({ ...request, bodyJson }), object);
  const [write, read] = sent;
  assert.deepEqual([write!.bodyJson, `${write!.querystring}`], [
    bodyJson,
    "fieldManager=us&includeObject=None",
  ]);
  assert.deepEqual(read, { method: "GET", path: ACCOUNT, accept: METADATA, expectJson: true });
  assert.equal(`${querystring}`, "fieldManager=us", "the caller's is as it was");
});

Deno.test("large objects: a write whose object had changed before it was read is a conflict about it", async () => {
  const { objects, perform } = answering(TABLE_ANSWER, { metadata: { resourceVersion: "8" } });
  objects.note(ACCOUNT, true);
  await assert.rejects(perform({ method: "PATCH", path: ACCOUNT }), (error) => {
    assert.ok(isConflict(error));
    assert.deepEqual([error.details?.kind, error.details?.name], ["serviceaccounts", "large"]);
    return true;
  });
});

for (
  const { what, written, read, answer, requests } of [
    {
      what: "a delete that left nothing is answered as it was",
      written: { kind: "Status", status: "Success" },
      read: undefined,
      answer: { kind: "Status", status: "Success" },
      requests: 1,
    },
    {
      what: "a delete that finalizers hold is answered by what is left, whatever its version",
      written: TABLE_ANSWER,
      read: { metadata: { resourceVersion: "9", deletionTimestamp: "now" } },
      answer: { metadata: { resourceVersion: "9", deletionTimestamp: "now" } },
      requests: 2,
    },
  ]
) {
  Deno.test(`large objects: ${what}`, async () => {
    const { objects, perform, sent } = answering(written, read);
    objects.note(SECRET, true);
    assert.deepEqual(await perform({ method: "DELETE", path: SECRET, accept: METADATA }), answer);
    assert.equal(sent.length, requests);
  });
}

Deno.test("large objects: one that is large no more, or gone, is forgotten", async () => {
  const { objects, send, sent } = rig();
  objects.note(ACCOUNT, true);
  objects.note(ACCOUNT, false);
  assert.equal(objects.size, 0);
  for (let index = 0; index < 5; index++) await send({ path: ACCOUNT });
  assert.equal(sent.length, 5);
});

for (
  const [what, request, most] of [
    ["a token of a large account", { path: `${ACCOUNT}/token`, method: "POST" }, 5],
    ["a list", { path: "/api/v1/namespaces/team/serviceaccounts" }, 5],
    ["a namespace", { path: "/api/v1/namespaces/team" }, 5],
    ["a whole Secret", { path: "/api/v1/namespaces/team/secrets/any" }, 1],
    ["a Secret's metadata", { path: "/api/v1/namespaces/team/secrets/any", accept: METADATA }, 5],
  ] as const
) {
  Deno.test(`large objects: of five requests for ${what} ${most} may be under way`, async () => {
    const { objects, send, sent } = rig();
    objects.note(ACCOUNT, true);
    for (let index = 0; index < 5; index++) await send(request);
    assert.equal(sent.length, most);
    assert.ok(sent.every(({ accept }) => accept !== TABLE));
  });
}
