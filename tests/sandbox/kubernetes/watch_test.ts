import assert from "node:assert/strict";
import { FakeTime } from "../../unit/kubernetes/fake_time.ts";
import { InMemoryKubernetes } from "./server.ts";
import { askOk, create, OpenWatch, send } from "./testing.ts";

const MAPS = "/api/v1/namespaces/default/configmaps";

Deno.test("a watch sees what happens while it runs, in its namespace only", async () => {
  const api = new InMemoryKubernetes({ namespaces: ["other"] });
  const here = await OpenWatch.open(api, `${MAPS}?watch=1`);
  const everywhere = await OpenWatch.open(api, "/api/v1/configmaps?watch=true");
  await create(api, MAPS, { name: "a" });
  await create(api, "/api/v1/namespaces/other/configmaps", { name: "b" });
  await askOk(api, `${MAPS}/a`, { method: "DELETE" });
  await here.settle();
  api.close();
  await Promise.all([here.ended, everywhere.ended]);
  const names = (watch: OpenWatch) => watch.seen.map(([type, name]) => `${type} ${name}`);
  assert.deepEqual(names(here), ["ADDED a", "DELETED a"]);
  assert.deepEqual(names(everywhere), ["ADDED a", "ADDED b", "DELETED a"]);
});

Deno.test("a watch of tables sends the columns once", async () => {
  const api = new InMemoryKubernetes();
  const accept = "application/json;as=Table;v=v1;g=meta.k8s.io";
  const watch = await OpenWatch.open(api, `${MAPS}?watch=1`, { accept });
  await create(api, MAPS, { name: "a" }, { data: { k: "v" } });
  await create(api, MAPS, { name: "b" });
  await watch.settle();
  api.close();
  await watch.ended;
  const rows = watch.events.map(({ object }) => ({
    columns: Array.isArray(object.columnDefinitions),
    cells: (object.rows as { cells: unknown[] }[])[0]!.cells,
  }));
  assert.deepEqual(rows, [
    { columns: true, cells: ["a", 1, "0s"] },
    { columns: false, cells: ["b", 0, "0s"] },
  ]);
});

Deno.test("bookmarks come at their interval with the latest version", async () => {
  const time = new FakeTime();
  const api = new InMemoryKubernetes({ clock: time.clock, bookmarkIntervalMs: 1000 });
  const version = api.resourceVersion;
  const path = `${MAPS}?watch=1&resourceVersion=${version}&allowWatchBookmarks=true`;
  const watch = await OpenWatch.open(api, path);
  await time.pass(1000);
  await create(api, "/api/v1/namespaces/default/secrets", { name: "s" });
  await time.pass(1000);
  await watch.settle();
  api.close();
  await watch.ended;
  assert.deepEqual(watch.seen, [
    ["BOOKMARK", "", version],
    ["BOOKMARK", "", api.resourceVersion],
  ]);
  assert.equal(time.pending, 0);
});

Deno.test("a watch without bookmarks gets none and ends after its timeout", async () => {
  const time = new FakeTime();
  const api = new InMemoryKubernetes({ clock: time.clock, bookmarkIntervalMs: 1000 });
  const watch = await OpenWatch.open(api, `${MAPS}?watch=1&timeoutSeconds=10`);
  await time.pass(9999);
  assert.equal(api.watchCount, 1);
  await time.pass(1);
  assert.equal(await watch.ended, undefined);
  assert.deepEqual([watch.events, api.watchCount, time.pending], [[], 0, 0]);
});

Deno.test("a watch without a timeout ends between 30 and 60 minutes", async () => {
  const time = new FakeTime();
  const api = new InMemoryKubernetes({ clock: time.clock, random: () => 0.5 });
  const watch = await OpenWatch.open(api, `${MAPS}?watch=1`);
  await time.pass(45 * 60_000 - 1);
  assert.equal(api.watchCount, 1);
  await time.pass(1);
  assert.equal(await watch.ended, undefined);
});

Deno.test("a version that is compacted is gone: one ERROR event, then the end", async () => {
  const api = new InMemoryKubernetes();
  const before = api.resourceVersion;
  await create(api, MAPS, { name: "a" });
  api.compact();
  const watch = await OpenWatch.open(api, `${MAPS}?watch=1&resourceVersion=${before}`);
  assert.equal(await watch.ended, undefined);
  const oldest = Number(api.resourceVersion) + 1;
  assert.deepEqual(watch.events, [{
    type: "ERROR",
    object: {
      kind: "Status",
      apiVersion: "v1",
      metadata: {},
      status: "Failure",
      message: `too old resource version: ${before} (${oldest})`,
      reason: "Expired",
      code: 410,
    },
  }]);
});

Deno.test("a version is gone when the history is too short for it", async () => {
  const api = new InMemoryKubernetes({ historySize: 3 });
  const before = Number(api.resourceVersion);
  for (const name of ["a", "b", "c", "d"]) await create(api, MAPS, { name });
  const gone = await OpenWatch.open(api, `${MAPS}?watch=1&resourceVersion=${before}`);
  const kept = await OpenWatch.open(api, `${MAPS}?watch=1&resourceVersion=${before + 1}`);
  api.close();
  await Promise.all([gone.ended, kept.ended]);
  assert.deepEqual(gone.events.map(({ type }) => type), ["ERROR"]);
  assert.deepEqual(kept.seen.map(([, name]) => name), ["b", "c", "d"]);
});

Deno.test("a client that aborts breaks its own watch off", async () => {
  const api = new InMemoryKubernetes();
  const client = new AbortController();
  const watch = await OpenWatch.open(api, `${MAPS}?watch=1`, { signal: client.signal });
  const reason = new Error("enough");
  client.abort(reason);
  assert.equal(await watch.ended, reason);
  assert.equal(api.watchCount, 0);
});

Deno.test("running watches can be ended, broken and silenced", async () => {
  const api = new InMemoryKubernetes();
  const [ended, broken, silent] = await Promise.all([
    OpenWatch.open(api, `${MAPS}?watch=1`),
    OpenWatch.open(api, "/api/v1/namespaces/default/secrets?watch=1"),
    OpenWatch.open(api, "/api/v1/namespaces/default/events?watch=1"),
  ]);
  assert.equal(api.disturbWatches("end", { resource: "configmaps" }), 1);
  assert.equal(api.disturbWatches("error", { resource: "secrets" }), 1);
  assert.equal(api.disturbWatches("silent", { resource: "events" }), 1);
  assert.equal(await ended!.ended, undefined);
  assert.match(String(await broken!.ended), /connection reset/);
  await create(api, "/api/v1/namespaces/default/events", { name: "e" }, {
    involvedObject: { namespace: "default" },
  });
  await silent!.settle();
  assert.deepEqual([silent!.events, api.watchCount], [[], 1]);
  api.close();
  assert.equal(await silent!.ended, undefined);
});

Deno.test("a list of a state that is compacted is gone", async () => {
  const api = new InMemoryKubernetes();
  const before = api.resourceVersion;
  await create(api, MAPS, { name: "a" });
  const path = `${MAPS}?resourceVersionMatch=Exact&resourceVersion=${before}`;
  assert.deepEqual((await askOk(api, path)).items, []);
  api.compact();
  const response = await send(api, path);
  const { message } = await response.json();
  assert.deepEqual(
    [response.status, message],
    [410, "The resourceVersion for the provided list is too old."],
  );
});

Deno.test("a client gives up a silent watch", async () => {
  const api = new InMemoryKubernetes();
  const client = new AbortController();
  const watch = await OpenWatch.open(api, `${MAPS}?watch=1`, { signal: client.signal });
  api.disturbWatches("silent");
  client.abort(new Error("no word for a minute"));
  assert.match(String(await watch.ended), /no word for a minute/);
  assert.equal(api.watchCount, 0);
});

Deno.test("a page that continues from a compacted state is gone, with a token to go on", async () => {
  const api = new InMemoryKubernetes();
  for (const name of ["a", "b", "c"]) await create(api, MAPS, { name });
  const first = await askOk(api, `${MAPS}?limit=2`);
  const { continue: token } = first.metadata as Record<string, string>;
  await create(api, MAPS, { name: "d" });
  api.compact();
  const response = await send(api, `${MAPS}?limit=2&continue=${encodeURIComponent(token!)}`);
  const expired = await response.json();
  assert.deepEqual([response.status, expired.reason], [410, "Expired"]);
  const next = encodeURIComponent(expired.metadata.continue);
  const rest = await askOk(api, `${MAPS}?limit=2&continue=${next}`);
  const names = (rest.items as { metadata: { name: string } }[]).map((item) => item.metadata.name);
  assert.deepEqual(names, ["c", "d"]);
});
