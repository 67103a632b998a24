import assert from "node:assert/strict";
import { parse } from "yaml";
import { listen } from "./listen.ts";
import { InMemoryKubernetes } from "./server.ts";
import { OpenWatch } from "./testing.ts";

const MAPS = "/api/v1/namespaces/default/configmaps";

Deno.test("behind a socket: requests, watches, and a close that leaves nothing open", async () => {
  const api = new InMemoryKubernetes();
  await using server = listen(api);
  const watch = new OpenWatch(await fetch(`${server.url}${MAPS}?watch=1`));
  const body = JSON.stringify({ metadata: { name: "a" } });
  const headers = { "content-type": "application/json" };
  const made = await fetch(server.url + MAPS, { method: "POST", body, headers });
  await made.body?.cancel();
  assert.equal(made.status, 201);
  await server.close();
  assert.equal(await watch.ended, undefined);
  assert.deepEqual(watch.seen.map(([type, name]) => [type, name]), [["ADDED", "a"]]);
});

Deno.test("a client that leaves ends its watch", async () => {
  const api = new InMemoryKubernetes();
  await using server = listen(api);
  const client = new AbortController();
  const response = await fetch(`${server.url}${MAPS}?watch=1`, { signal: client.signal });
  assert.equal(api.watchCount, 1);
  client.abort();
  await assert.rejects(response.text());
  while (api.watchCount > 0) await new Promise((resolve) => setTimeout(resolve, 5));
});

Deno.test("lost connections and cut bodies are seen as such by a real client", async () => {
  const api = new InMemoryKubernetes();
  await using server = listen(api);
  for (const action of ["close-connection", "lose-response", "cut-body"] as const) {
    api.inject({ action });
    await assert.rejects(
      async () => await (await fetch(server.url + MAPS)).text(),
      TypeError,
      action,
    );
  }
});

Deno.test("a signal closes the server while a request hangs", async () => {
  const api = new InMemoryKubernetes();
  const closing = new AbortController();
  await using server = listen(api, { signal: closing.signal });
  api.inject({ action: "hang" });
  const hanging = fetch(server.url + MAPS).then((response) => response.text());
  while (api.requests().length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
  closing.abort();
  await assert.rejects(hanging, TypeError);
});

Deno.test("the kubeconfig names the server, the token and the namespace", async () => {
  await using server = listen(new InMemoryKubernetes());
  assert.deepEqual(parse(server.kubeconfig({ token: "t", namespace: "n" })), {
    apiVersion: "v1",
    kind: "Config",
    clusters: [{ name: "in-memory", cluster: { server: server.url } }],
    users: [{ name: "in-memory", user: { token: "t" } }],
    contexts: [{
      name: "in-memory",
      context: { cluster: "in-memory", user: "in-memory", namespace: "n" },
    }],
    "current-context": "in-memory",
  });
});
