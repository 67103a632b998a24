import assert from "node:assert/strict";
import { FakeTime } from "../../unit/kubernetes/fake_time.ts";
import { InMemoryKubernetes } from "./server.ts";
import { ask, askOk, create, send } from "./testing.ts";

const MAPS = "/api/v1/namespaces/default/configmaps";
const ACCOUNTS = "/api/v1/namespaces/default/serviceaccounts";

Deno.test("a new server has the system's namespaces and those asked for", async () => {
  const api = new InMemoryKubernetes({ namespaces: ["mine", "default"] });
  const list = await askOk(api, "/api/v1/namespaces");
  const names = (list.items as { metadata: { name: string } }[]).map((item) => item.metadata.name);
  assert.deepEqual(names, ["default", "kube-node-lease", "kube-public", "kube-system", "mine"]);
  assert.deepEqual(api.list({ apiVersion: "v1", kind: "ServiceAccount" }), []);
});

Deno.test("two servers with the same chance give the same uids, tokens and names", async () => {
  const answers = await Promise.all([1, 2].map(async () => {
    const api = new InMemoryKubernetes({ clock: new FakeTime().clock });
    const account = await create(api, ACCOUNTS, { generateName: "a-" });
    const { name } = account.metadata as { name: string };
    const token = await create(api, `${ACCOUNTS}/${name}/token`, {}, { spec: {} });
    return { account, token };
  }));
  assert.deepEqual(answers[0], answers[1]);
});

Deno.test("a call that is not allowed is answered 501 and remembered", async () => {
  const api = new InMemoryKubernetes({ allow: ({ verb }) => verb !== "delete" });
  await create(api, MAPS, { name: "a" });
  api.assertNoUnexpected();
  assert.equal((await send(api, `${MAPS}/a`, { method: "DELETE" })).status, 501);
  assert.throws(() => api.assertNoUnexpected(), {
    message: `unexpected requests to the Kubernetes API: DELETE ${MAPS}/a`,
  });
  api.clearRequests();
  api.assertNoUnexpected();
});

Deno.test("paths that do not exist are unexpected", async () => {
  const api = new InMemoryKubernetes();
  for (const path of ["/nope", "/api/v1/pods", "/apis/events.k8s.io/v1/events?limit=1"]) {
    assert.equal((await send(api, path)).status, 404);
  }
  assert.throws(() => api.assertNoUnexpected(), {
    message: "unexpected requests to the Kubernetes API: " +
      "GET /nope; GET /api/v1/pods; GET /apis/events.k8s.io/v1/events?limit=1",
  });
});

Deno.test("the authorizer refuses in the words of RBAC", async () => {
  const api = new InMemoryKubernetes({
    authorize: ({ verb, subresource }) => verb === "list" ? "no rule" : subresource !== "token",
    authenticate: (token) => token === "good" ? "jane" : undefined,
  });
  const cases: [string, string, string][] = [
    [
      "GET",
      "/api/v1/namespaces/default/secrets",
      'secrets is forbidden: User "jane" cannot list resource "secrets" in API group "" in the namespace "default": no rule',
    ],
    [
      "GET",
      "/apis/coordination.k8s.io/v1/leases",
      'leases.coordination.k8s.io is forbidden: User "jane" cannot list resource "leases" in API group "coordination.k8s.io" at the cluster scope: no rule',
    ],
    [
      "POST",
      `${ACCOUNTS}/a/token`,
      'serviceaccounts "a" is forbidden: User "jane" cannot create resource "serviceaccounts/token" in API group "" in the namespace "default"',
    ],
  ];
  for (const [method, path, message] of cases) {
    const { status, body } = await ask(api, path, { method, token: "good" });
    assert.deepEqual([status, body.reason, body.message], [403, "Forbidden", message]);
  }
  const { status, body } = await ask(api, "/api/v1/namespaces", { token: "bad" });
  assert.deepEqual([status, body.reason], [401, "Unauthorized"]);
});

Deno.test("a token of a ServiceAccount stands for it, any other for the administrator", async () => {
  const api = new InMemoryKubernetes();
  await create(api, ACCOUNTS, { name: "a" });
  const { status } = await create(api, `${ACCOUNTS}/a/token`, {}, { spec: {} });
  const { token } = status as { token: string };
  api.clearRequests();
  await askOk(api, MAPS, { token });
  await askOk(api, MAPS, { token: "opaque" });
  await askOk(api, MAPS);
  assert.deepEqual(api.requests().map(({ user }) => user), [
    "system:serviceaccount:default:a",
    "system:admin",
    "system:admin",
  ]);
});

Deno.test("requests are recorded and counted", async () => {
  const api = new InMemoryKubernetes();
  await create(api, MAPS, { name: "a" });
  await send(api, `${MAPS}/a`, {
    method: "PATCH",
    body: {},
    contentType: "application/merge-patch+json",
  });
  await askOk(api, `${MAPS}?limit=1`);
  await askOk(api, "/version");
  assert.deepEqual(
    api.requests().map(({ verb, resource, namespace, name, contentType, status }) =>
      [verb, resource, namespace, name, contentType, status].join("|")
    ),
    [
      "create|configmaps|default||application/json|201",
      "patch|configmaps|default|a|application/merge-patch+json|200",
      "list|configmaps|default|||200",
      "get|||||200",
    ],
  );
  assert.deepEqual([...api.counts()], [
    ["create configmaps", 1],
    ["patch configmaps", 1],
    ["list configmaps", 1],
    ["get /version", 1],
  ]);
});

Deno.test("an injected status meets as many matching requests as it is for", async () => {
  const api = new InMemoryKubernetes();
  api.inject({
    verb: "list",
    resource: "configmaps",
    times: 2,
    action: { status: 429, retryAfter: 7, message: "slow down" },
  });
  await create(api, MAPS, { name: "a" });
  const first = await send(api, MAPS);
  assert.deepEqual([first.status, first.headers.get("retry-after"), await first.json()], [
    429,
    "7",
    {
      kind: "Status",
      apiVersion: "v1",
      metadata: {},
      status: "Failure",
      message: "slow down",
      reason: "TooManyRequests",
      details: { retryAfterSeconds: 7 },
      code: 429,
    },
  ]);
  assert.deepEqual([(await send(api, MAPS)).status, (await send(api, MAPS)).status], [429, 200]);
});

Deno.test("an injected page of a proxy is sent as it is", async () => {
  const api = new InMemoryKubernetes();
  const action = { status: 502, body: "<html>", contentType: "text/html" };
  api.inject({ action });
  const response = await send(api, MAPS);
  assert.deepEqual(
    [response.status, response.headers.get("content-type"), await response.text()],
    [502, "text/html", "<html>"],
  );
});

Deno.test("a cut body breaks off half-way", async () => {
  const api = new InMemoryKubernetes();
  api.inject({ verb: "list", action: "cut-body" });
  const response = await send(api, MAPS);
  assert.equal(response.status, 200);
  await assert.rejects(response.text(), /connection reset in the middle of the body/);
});

Deno.test("a watch is cut in the middle of its first event", async () => {
  const api = new InMemoryKubernetes();
  await create(api, MAPS, { name: "a" });
  api.inject({ verb: "watch", action: "cut-body" });
  const response = await send(api, `${MAPS}?watch=1`);
  await assert.rejects(response.text(), /connection reset in the middle of the body/);
  assert.equal(api.watchCount, 0);
});

Deno.test("a closed connection leaves nothing done, a lost response the write", async () => {
  const api = new InMemoryKubernetes();
  api.inject({ verb: "create", action: "close-connection" });
  api.inject({ verb: "create", action: "lose-response" });
  await assert.rejects(create(api, MAPS, { name: "a" }), /connection closed before an answer/);
  await assert.rejects(create(api, MAPS, { name: "b" }), /after the request took effect/);
  const names = api.list({ apiVersion: "v1", kind: "ConfigMap" }).map((map) => map.metadata.name);
  assert.deepEqual(names, ["b"]);
});

Deno.test("a request that hangs ends with its client or with the server", async () => {
  const api = new InMemoryKubernetes();
  api.inject({ times: 2, action: "hang" });
  const client = new AbortController();
  const first = send(api, MAPS, { signal: client.signal });
  client.abort(new Error("the client is tired"));
  await assert.rejects(first, /the client is tired/);
  const second = send(api, MAPS);
  api.close();
  await assert.rejects(second, /the API server has been closed/);
  assert.equal((await send(api, MAPS)).status, 503);
});

Deno.test("faults that nobody met can be forgotten", async () => {
  const api = new InMemoryKubernetes();
  api.inject({ action: { status: 500 } });
  api.clearFaults();
  assert.equal((await send(api, MAPS)).status, 200);
});

Deno.test("apply creates and replaces without being recorded, and validates", () => {
  const api = new InMemoryKubernetes();
  const map = { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "a" } };
  const [created] = api.apply({ ...map, data: { k: "1" } });
  const [replaced] = api.apply("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n");
  assert.deepEqual(
    [created!.metadata.uid, created!.data, replaced!.data],
    [replaced!.metadata.uid, { k: "1" }, undefined],
  );
  assert.deepEqual(api.get(map, "default", "a"), replaced);
  assert.deepEqual(api.requests(), []);
  assert.throws(
    () => api.apply({ ...map, metadata: { name: "A" } }),
    /ConfigMap "A" is invalid: metadata.name/,
  );
  assert.throws(
    () => api.apply({ apiVersion: "v1", kind: "Pod", metadata: { name: "a" } }),
    /no resource is served for v1 Pod/,
  );
});
