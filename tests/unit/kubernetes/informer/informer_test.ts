import assert from "node:assert/strict";
import { ApiError } from "../../../../src/kubernetes/http/errors.ts";
import type { Stored } from "../../../../src/kubernetes/resources/resource_client.ts";
import {
  added,
  bookmark,
  deleted,
  HANGING,
  InformerHarness,
  modified,
  page,
  settle,
  type Widget,
  widget,
  withoutManagedFields,
} from "./informer_harness.ts";
import { BusyLoop } from "../../runtime/time/busy_loop.ts";

function refusal(code: number, reason: string, retryAfterMs?: number): ApiError {
  return new ApiError({ code, reason, message: `${code} ${reason}`, retryAfterMs });
}

const expired = () => refusal(410, "Expired");
const unreachable = () => refusal(0, "Unreachable");

function scenario(
  name: string,
  run: (harness: InformerHarness) => Promise<void>,
  options?: ConstructorParameters<typeof InformerHarness>[0],
): void {
  Deno.test(name, async () => {
    await using harness = new InformerHarness(options);
    await run(harness);
  });
}

scenario("it lists page by page, then watches from the list's version", async (harness) => {
  harness.server
    .expectList(page(5, [widget("a", 1), widget("b", 2)], "more"), { limit: 2 })
    .expectList(page(5, [widget("c", 3)]), { limit: 2, continue: "more" });
  harness.server.expectWatch(5);
  await harness.start();
  assert.deepEqual(harness.told(), [
    "changed a@1 from nothing",
    "changed b@2 from nothing",
    "changed c@3 from nothing",
    "synced: the watch stands",
    "synced",
  ]);
  assert.deepEqual(harness.held(), ["a@1", "b@2", "c@3"]);
  assert.deepEqual(harness.informer.get("ns", "a"), widget("a", 1));
  assert.equal(harness.informer.get("other", "a"), undefined);
  assert.equal(harness.informer.size, 3);
}, { pageSize: 2 });

const MB = 1_000_000;

scenario(
  "large objects are asked for in small pages, and small ones in large ones",
  async (harness) => {
    const { server } = harness;
    const ofBytes = (bytes: number, next?: string) => ({
      ...page(5, [widget("a", 1), widget("b", 2)], next),
      bytes,
    });
    server
      .expectList(ofBytes(1.8 * MB, "x"), { limit: 500 })
      .expectList(ofBytes(1_000, "y"), { limit: 2, continue: "x" })
      .expectList(ofBytes(1_000, "z"), { limit: 4, continue: "y" })
      .expectList(ofBytes(9 * MB), { limit: 8, continue: "z" });
    const watch = server.expectWatch(5);
    await harness.start();
    server.expectList(page(6, []), { limit: 1 }).expectWatch(6);
    await watch.send({ type: "ERROR", error: expired() });
    await harness.clock.advance(0);
  },
);

scenario(
  "a page that breaks off midway is asked for by halves, from the start",
  async (harness) => {
    const { server } = harness;
    server
      .expectBrokenList([widget("a", 1)], refusal(200, "Truncated"), { limit: 500 })
      .expectBrokenList([widget("a", 1)], refusal(0, "Timeout"), { limit: 250 })
      .expectList(refusal(504, "Timeout"), { limit: 125 })
      .expectList(page(5, [widget("a", 1)]), { limit: 62 });
    server.expectWatch(5);
    await harness.start();
    await harness.clock.advance(60_000);
    assert.deepEqual(harness.held(), ["a@1"]);
  },
);

scenario("each object is trimmed and taken in before the next one is there", async () => {
  const log: string[] = [];
  const keep = (object: Stored<Widget>) => (log.push(`trim ${object.metadata.name}`), object);
  await using harness = new InformerHarness({ keep });
  harness.informer.subscribe({ changed: ({ metadata }) => void log.push(`has ${metadata.name}`) });
  await harness.startSynced(5, widget("a", 1), widget("b", 2));
  assert.deepEqual(log, ["trim a", "has a", "trim b", "has b"]);
});

scenario("namespace and selectors go with every list and watch", async (harness) => {
  const selection = { namespace: "ns", labelSelector: "a=b", fieldSelector: "metadata.name=c" };
  harness.server.expectList(page(5, []), selection);
  harness.server.expectWatch(5, selection);
  await harness.start();
}, { namespace: "ns", labelSelector: "a=b", fieldSelector: "metadata.name=c" });

scenario("it is not synced before the watch stands", async (harness) => {
  harness.server.expectList(page(5, [widget("a", 1)])).expectFailingWatch(5, HANGING);
  await harness.start();
  assert.equal(harness.informer.size, 1);
  assert.equal(harness.informer.synced, false);
  assert.equal(harness.informer.state, "listing");
});

scenario("watch events change what is held", async (harness) => {
  const watch = await harness.startSynced(5, widget("a", 1), widget("b", 2));
  await watch.send(added(widget("c", 6)), modified(widget("a", 7)), deleted(widget("b", 8)));
  assert.deepEqual(harness.told(), [
    "changed c@6 from nothing",
    "changed a@7 from a@1",
    "removed b@2",
  ]);
  assert.deepEqual(harness.held(), ["a@7", "c@6"]);
});

scenario(
  "a watch that ends in good order goes on from the last version at once",
  async (harness) => {
    const first = await harness.startSynced(5, widget("a", 1));
    await first.send(modified(widget("a", 7)), bookmark(40));
    await harness.clock.advance(60_000);
    const second = harness.server.expectWatch(40);
    await first.end();
    await second.send(modified(widget("a", 41)));
    assert.deepEqual(harness.told(), ["changed a@7 from a@1", "changed a@41 from a@7"]);
    assert.equal(harness.informer.state, "synced");
  },
);

Deno.test("the server is asked to end each watch after five to ten minutes", async () => {
  for (const [random, expected] of [[0, 300], [0.5, 450], [0.999, 599]] as const) {
    await using harness = new InformerHarness({ random: () => random });
    harness.server.expectList(page(5, []));
    harness.server.expectWatch(5, { timeoutSeconds: expected, allowWatchBookmarks: true });
    await harness.start();
  }
});

scenario("a watch that ends at once counts as a failure", async (harness) => {
  const first = await harness.startSynced(5);
  await first.end();
  assert.deepEqual(harness.told(), ["failed Truncated, again in 400"]);
  harness.server.expectWatch(5);
  await harness.clock.advance(400);
});

scenario("a broken stream goes on from the last version after a pause", async (harness) => {
  const first = await harness.startSynced(5);
  await first.send(added(widget("a", 6)));
  await first.fail(refusal(200, "Truncated"));
  assert.deepEqual(harness.told(), ["changed a@6 from nothing", "failed Truncated, again in 400"]);
  const second = harness.server.expectWatch(6);
  await harness.clock.advance(400);
  await second.send(deleted(widget("a", 7)));
  assert.deepEqual(harness.told(), ["removed a@6"]);
});

scenario("pauses double with full jitter up to a bound", async (harness) => {
  harness.server.expectList(unreachable());
  await harness.start();
  const pauses = [400, 800, 1_600, 3_200, 6_400, 12_800, 15_000, 15_000];
  for (const pause of pauses) {
    assert.deepEqual(harness.told().filter((line) => line.startsWith("failed")), [
      `failed Unreachable, again in ${pause}`,
    ]);
    harness.server.expectList(unreachable());
    await harness.clock.advance(pause);
  }
});

scenario("a pause is never shorter than Retry-After", async (harness) => {
  harness.server.expectList(refusal(429, "TooManyRequests", 7_000));
  await harness.start();
  assert.deepEqual(harness.told(), ["failed TooManyRequests, again in 7000"]);
  await harness.clock.advance(6_999);
  harness.server.expectList(page(5, []));
  harness.server.expectWatch(5);
  await harness.clock.advance(1);
  assert.equal(harness.informer.state, "synced");
});

scenario("a pause is no longer than a minute, whatever Retry-After says", async (harness) => {
  harness.server.expectList(refusal(503, "ServiceUnavailable", 24 * 3_600_000));
  await harness.start();
  assert.deepEqual(harness.told(), ["failed ServiceUnavailable, again in 60000"]);
  harness.server.expectList(page(5, []));
  harness.server.expectWatch(5);
  await harness.clock.advance(60_000);
  assert.equal(harness.informer.state, "synced");
});

scenario("a healthy period makes the next failure a first one", async (harness) => {
  harness.server.expectList(unreachable()).expectList(unreachable());
  await harness.start();
  const watch = harness.server.expectList(page(5, [])).expectWatch(5);
  await harness.clock.advance(400 + 800);
  await harness.clock.advance(30_000);
  harness.told();
  await watch.fail(unreachable());
  assert.deepEqual(harness.told(), ["failed Unreachable, again in 400"]);
});

scenario("a watch that breaks soon does not make the next failure a first one", async (harness) => {
  harness.server.expectList(unreachable());
  await harness.start();
  const watch = harness.server.expectList(page(5, [])).expectWatch(5);
  await harness.clock.advance(400);
  await harness.clock.advance(29_999);
  harness.told();
  await watch.fail(unreachable());
  assert.deepEqual(harness.told(), ["failed Unreachable, again in 800"]);
});

scenario("410 on a watch leads at once to a list that is compared", async (harness) => {
  const watch = await harness.startSynced(
    5,
    widget("same", 1),
    widget("changed", 2),
    widget("gone", 3),
    widget("reborn", 4),
  );
  const relisted = [widget("same", 1), widget("changed", 7), widget("reborn", 8, "uid-2")];
  harness.server.expectList(page(9, [...relisted, widget("new", 9)])).expectWatch(9);
  await watch.send({ type: "ERROR", error: expired() });
  await harness.clock.advance(0);
  assert.deepEqual(harness.told(), [
    "failed Expired, again in 0",
    "changed changed@7 from changed@2",
    "removed reborn@4",
    "changed reborn@8 (uid-2) from nothing",
    "changed new@9 from nothing",
    "removed gone@3",
  ]);
  assert.equal(harness.informer.state, "synced");
});

scenario("a 410 that refuses the watch itself leads to a list too", async (harness) => {
  const first = await harness.startSynced(5);
  await harness.clock.advance(60_000);
  harness.server.expectFailingWatch(5, expired()).expectList(page(9, []));
  await first.end();
  harness.server.expectWatch(9);
  await harness.clock.advance(0);
});

scenario("410 again and again is not answered without a pause", async (harness) => {
  const first = await harness.startSynced(5);
  harness.server.expectList(page(9, [])).expectFailingWatch(9, expired());
  await first.send({ type: "ERROR", error: expired() });
  await harness.clock.advance(0);
  assert.deepEqual(harness.told(), ["failed Expired, again in 0", "failed Expired, again in 800"]);
});

scenario("an ERROR event other than 410 leads to a list after a pause", async (harness) => {
  const watch = await harness.startSynced(5);
  await watch.send({ type: "ERROR", error: refusal(500, "InternalError") });
  assert.equal(watch.cancelled, true);
  assert.deepEqual(harness.told(), ["failed InternalError, again in 400"]);
  harness.server.expectList(page(9, [])).expectWatch(9);
  await harness.clock.advance(400);
});

scenario("an event that cannot be read leads to a list after a pause", async (harness) => {
  const watch = await harness.startSynced(5);
  await watch.fail(refusal(0, "BadAnswer"));
  harness.server.expectList(page(9, [])).expectWatch(9);
  await harness.clock.advance(400);
});

scenario(
  "every fifth failure in a row leads to a list, should the version be at fault",
  async (harness) => {
    const watch = await harness.startSynced(5);
    const unfit = () => refusal(504, "Timeout");
    await watch.fail(unfit());
    for (const pause of [400, 800, 1_600, 3_200]) {
      harness.server.expectFailingWatch(5, unfit());
      await harness.clock.advance(pause);
    }
    harness.server.expectList(page(3, [])).expectWatch(3);
    await harness.clock.advance(6_400);
  },
);

scenario(
  "a list that loses its place begins again, twice in pages, then whole",
  async (harness) => {
    harness.server
      .expectList(page(5, [widget("a", 1)], "x"), { limit: 1 })
      .expectList(expired(), { limit: 1, continue: "x" })
      .expectList(page(6, [widget("a", 1)], "y"), { limit: 1 })
      .expectList(expired(), { limit: 1, continue: "y" })
      .expectList(page(7, [widget("b", 7)]), { limit: undefined });
    harness.server.expectWatch(7);
    await harness.start();
    assert.deepEqual(harness.told(), [
      "changed a@1 from nothing",
      "changed b@7 from nothing",
      "removed a@1",
      "synced: the watch stands",
      "synced",
    ]);
  },
  { pageSize: 1 },
);

scenario("a watch that has gone silent is ended and taken up again", async (harness) => {
  const first = await harness.startSynced(5);
  await harness.clock.advance(100_000);
  await first.send(bookmark(6));
  await harness.clock.advance(149_999);
  assert.equal(first.cancelled, false);
  await harness.clock.advance(1);
  assert.equal(first.cancelled, true);
  assert.deepEqual(harness.told(), ["silent", "failed Timeout, again in 400"]);
  harness.server.expectWatch(6);
  await harness.clock.advance(400);
});

scenario(
  "a watch that is silent from its start leads to a list, should the version be at fault",
  async (harness) => {
    await harness.startSynced(90, widget("a", 80));
    await harness.clock.advance(150_000);
    harness.server.expectList(page(20, [widget("a", 10)])).expectWatch(20);
    await harness.clock.advance(400);
    assert.deepEqual(harness.told(), [
      "silent",
      "failed Timeout, again in 400",
      "changed a@10 from a@80",
    ]);
  },
);

scenario("an onSilent that throws is reported and ends nothing", async (harness) => {
  await harness.startSynced(5);
  await harness.clock.advance(150_000);
  assert.deepEqual(harness.told(), [
    "callback threw Error: cannot renew",
    "failed Timeout, again in 400",
  ]);
}, {
  onSilent: () => {
    throw new Error("cannot renew");
  },
});

scenario("a watch that is never accepted is ended as a silent one", async (harness) => {
  harness.server.expectList(page(5, [])).expectFailingWatch(5, HANGING);
  await harness.start();
  await harness.clock.advance(150_000);
  assert.deepEqual(harness.told(), ["silent", "failed Timeout, again in 400"]);
});

scenario("a list that hangs is ended as silent and asked for again", async (harness) => {
  harness.server.expectList(HANGING);
  await harness.start();
  await harness.clock.advance(150_000);
  assert.deepEqual(harness.told(), ["silent", "failed Timeout, again in 400"]);
  harness.server.expectList(page(5, []));
  harness.server.expectWatch(5);
  await harness.clock.advance(400);
  assert.equal(harness.informer.synced, true);
});

scenario("a list whose pages come slowly is not silent", async (harness) => {
  const first = harness.server.expectPendingList();
  await harness.start();
  await harness.clock.advance(100_000);
  const second = harness.server.expectPendingList({ continue: "x" });
  await first.resolve(page(5, [widget("a", 1)], "x"));
  await harness.clock.advance(100_000);
  harness.server.expectWatch(5);
  await second.resolve(page(5, [widget("b", 2)]));
  assert.deepEqual(harness.told(), [
    "changed a@1 from nothing",
    "changed b@2 from nothing",
    "synced: the watch stands",
    "synced",
  ]);
});

scenario("a short interruption leaves it synced", async (harness) => {
  const watch = await harness.startSynced(5);
  await watch.fail(unreachable());
  harness.server.expectWatch(5);
  await harness.clock.advance(60_000);
  assert.deepEqual(harness.told(), ["failed Unreachable, again in 400"]);
  assert.equal(harness.informer.state, "synced");
});

scenario("a long interruption makes it desynced, and its end synced again", async (harness) => {
  const watch = await harness.startSynced(5, widget("a", 1));
  await watch.fail(unreachable());
  harness.server.expectFailingWatch(5, HANGING);
  await harness.clock.advance(30_000);
  assert.deepEqual(harness.told(), [
    "failed Unreachable, again in 400",
    "desynced: no connection for 30 s: 0 Unreachable",
  ]);
  assert.deepEqual(harness.held(), ["a@1"]);
  harness.server.expectWatch(5);
  await harness.clock.advance(150_000);
  assert.deepEqual(harness.told(), [
    "silent",
    "failed Timeout, again in 800",
    "synced: the watch stands",
    "synced",
  ]);
});

scenario(
  "a resource that the server does not know is asked for calmly, with one line",
  async (harness) => {
    harness.server.expectList(refusal(404, "BadAnswer"));
    await harness.start();
    assert.deepEqual(harness.told(), ["absent: 404 BadAnswer"]);
    harness.server.expectList(refusal(404, "NotFound"));
    await harness.clock.advance(20_000);
    harness.server.expectList(page(5, [widget("a", 1)]));
    harness.server.expectWatch(5);
    await harness.clock.advance(19_999);
    assert.deepEqual(harness.told(), []);
    await harness.clock.advance(1);
    assert.deepEqual(harness.told(), [
      "changed a@1 from nothing",
      "synced: the watch stands",
      "synced",
    ]);
  },
);

scenario(
  "a resource that vanishes while watched is absent until a list succeeds",
  async (harness) => {
    const first = await harness.startSynced(5, widget("a", 1));
    await harness.clock.advance(60_000);
    harness.server.expectFailingWatch(6, refusal(404, "NotFound"));
    await first.send(deleted(widget("a", 6)));
    await first.end();
    assert.deepEqual(harness.told(), ["removed a@1", "absent: 404 NotFound"]);
    harness.server.expectList(page(9, []));
    harness.server.expectWatch(9);
    await harness.clock.advance(20_000);
    assert.deepEqual(harness.told(), ["synced: the watch stands", "synced"]);
  },
);

scenario("a refused watch is asked for calmly, with one line", async (harness) => {
  harness.server.expectList(page(5, [])).expectFailingWatch(5, refusal(403, "Forbidden"));
  await harness.start();
  assert.deepEqual(harness.told(), ["refused: 403 Forbidden"]);
  harness.server.expectWatch(5);
  await harness.clock.advance(20_000);
  assert.deepEqual(harness.told(), ["synced: the watch stands", "synced"]);
});

scenario("an own write is seen at once and its echo is not told again", async (harness) => {
  const watch = await harness.startSynced(5, widget("a", 1));
  harness.informer.observe(widget("a", 6));
  await watch.send(modified(widget("a", 6)));
  assert.deepEqual(harness.told(), ["changed a@6 from a@1"]);
});

scenario("an older event does not undo an own write", async (harness) => {
  const watch = await harness.startSynced(5, widget("a", 1));
  harness.informer.observe(widget("a", 8));
  await watch.send(modified(widget("a", 6)), modified(widget("a", 7)), deleted(widget("a", 7)));
  assert.deepEqual(harness.told(), ["changed a@8 from a@1"]);
});

scenario("versions are compared as numbers, not as text", async (harness) => {
  const watch = await harness.startSynced(5, widget("a", 1));
  harness.informer.observe(widget("a", 10));
  await watch.send(modified(widget("a", 9)));
  assert.deepEqual(harness.held(), ["a@10"]);
});

scenario("an own write that the watch has passed adds nothing", async (harness) => {
  const watch = await harness.startSynced(5, widget("a", 1));
  await watch.send(modified(widget("a", 6)), deleted(widget("a", 7)));
  harness.informer.observe(widget("a", 6));
  assert.deepEqual(harness.told(), ["changed a@6 from a@1", "removed a@6"]);
});

scenario("an own write during a list is newer than the list", async (harness) => {
  const { informer, server } = harness;
  server.expectList(page(5, [widget("a", 1), widget("b", 2)], "x"));
  const rest = server.expectPendingList({ continue: "x" });
  await harness.start();
  informer.observe(widget("a", 6));
  informer.observe(widget("c", 7));
  informer.observe(widget("f", 8));
  informer.forget("ns", "b", "uid-b");
  informer.forget("ns", "d", "uid-d");
  server.expectWatch(5);
  await rest.resolve(page(5, [widget("c", 3), widget("d", 4), widget("e", 5)]));
  assert.deepEqual(harness.held(), ["a@6", "c@7", "e@5", "f@8"]);
});

scenario("an own write during a list that the list has outdated is dropped", async (harness) => {
  const { informer, server } = harness;
  const list = server.expectPendingList();
  await harness.start();
  informer.observe(widget("a", 3));
  informer.observe(widget("b", 4));
  server.expectWatch(9);
  await list.resolve(page(9, [widget("b", 8)]));
  assert.deepEqual(harness.held(), ["b@8"]);
});

scenario(
  "an own write told late does not remove what the list has already shown",
  async (harness) => {
    const { informer, server } = harness;
    server.expectList(page(9, [widget("a", 8)], "x"));
    const rest = server.expectPendingList({ continue: "x" });
    await harness.start();
    informer.observe(widget("a", 7));
    server.expectWatch(9);
    await rest.resolve(page(9, []));
    assert.deepEqual(harness.held(), ["a@8"]);
  },
);

scenario("an own deletion is not undone by older events", async (harness) => {
  const watch = await harness.startSynced(5, widget("a", 1));
  harness.informer.forget("ns", "a", "uid-a");
  await watch.send(modified(widget("a", 6)), deleted(widget("a", 7)));
  assert.deepEqual(harness.told(), ["removed a@1"]);
  await watch.send(added(widget("a", 8, "uid-2")));
  assert.deepEqual(harness.told(), ["changed a@8 (uid-2) from nothing"]);
});

scenario("the late end of a predecessor leaves an own successor alone", async (harness) => {
  const watch = await harness.startSynced(5, widget("a", 1));
  harness.informer.forget("ns", "a", "uid-a");
  harness.informer.observe(widget("a", 9, "uid-2"));
  await watch.send(deleted(widget("a", 7)), added(widget("a", 9, "uid-2")));
  assert.deepEqual(harness.told(), ["removed a@1", "changed a@9 (uid-2) from nothing"]);
});

scenario("forgetting a predecessor leaves its successor alone", async (harness) => {
  await harness.startSynced(5, widget("a", 1, "uid-2"));
  harness.informer.forget("ns", "a", "uid-a");
  assert.deepEqual(harness.held(), ["a@1 (uid-2)"]);
});

scenario(
  "a server restored from a backup is believed, though its versions are lower",
  async (harness) => {
    const watch = await harness.startSynced(50, widget("a", 40), widget("b", 45));
    harness.informer.observe(widget("c", 51));
    harness.server.expectList(page(20, [widget("a", 10)])).expectWatch(20);
    await watch.send({ type: "ERROR", error: expired() });
    await harness.clock.advance(0);
    assert.deepEqual(harness.held(), ["a@10"]);
  },
);

scenario("indexes find objects by what they hold, through every change", async (harness) => {
  const { informer } = harness;
  const watch = await harness.startSynced(5, widget("a", 1), widget("b", 2));
  informer.addIndex("color", ({ spec }) => spec ? [spec.color] : []);
  const found = (color: string) => informer.byIndex("color", color).map((o) => o.metadata.name);
  assert.deepEqual({ red: found("red"), blue: found("blue") }, { red: ["a"], blue: ["b"] });
  await watch.send(modified(widget("a", 6)), added(widget("c", 8)));
  assert.deepEqual({ red: found("red"), blue: found("blue") }, { red: [], blue: ["b", "a", "c"] });
  await watch.send(deleted(widget("b", 9)), modified(widget("a", 11)));
  assert.deepEqual({ red: found("red"), blue: found("blue") }, { red: ["a"], blue: ["c"] });
  assert.throws(() => informer.byIndex("size", "1"), {
    name: "TypeError",
    message: "there is no index size: add it with addIndex",
  });
  assert.throws(() => informer.addIndex("color", () => []), TypeError);
});

scenario("subscribers and indexes that throw are reported and end nothing", async (harness) => {
  harness.informer.subscribe({
    changed: () => {
      throw new Error("no");
    },
  });
  harness.informer.addIndex("bad", () => {
    throw new Error("index");
  });
  const watch = await harness.startSynced(5);
  await watch.send(added(widget("a", 6)), added(widget("b", 7)));
  assert.deepEqual(harness.told(), [
    "callback threw Error: index",
    "changed a@6 from nothing",
    "callback threw Error: no",
    "callback threw Error: index",
    "changed b@7 from nothing",
    "callback threw Error: no",
  ]);
  assert.deepEqual(harness.informer.byIndex("bad", "x"), []);
});

for (const how of ["a list", "a watch"] as const) {
  Deno.test(`informer: thousands of objects of ${how} let the event loop turn every few ms`, async () => {
    const loop = new BusyLoop();
    await using harness = new InformerHarness({
      breather: loop.breather,
      keep: (object) => {
        loop.now++;
        return object;
      },
    });
    const objects = Array.from({ length: 1000 }, (_, index) => widget(`w${index}`, index + 10));
    if (how === "a list") {
      harness.server.expectList(page(2000, objects));
      harness.server.expectWatch(2000);
      await harness.start();
    } else {
      const watch = await harness.startSynced(5);
      await watch.send(
        ...objects.map(({ metadata }) =>
          added(widget(metadata.name, Number(metadata.resourceVersion)))
        ),
      );
    }
    const { informer } = harness;
    assert.ok(await loop.turnUntil(() => informer.synced && informer.size === 1000));
    assert.ok(loop.longest <= 10, `${loop.longest} ms in one turn`);
  });
}

Deno.test("informer: thousands of objects that a list lacks let the event loop turn every few ms", async () => {
  const loop = new BusyLoop();
  await using harness = new InformerHarness({ breather: loop.breather });
  const objects = Array.from({ length: 1000 }, (_, index) => widget(`w${index}`, index + 10));
  const watch = await harness.startSynced(2000, ...objects);
  const { informer } = harness;
  informer.subscribe({ removed: () => loop.now++ });
  harness.server.expectList(page(3000, [widget("w0", 10)])).expectWatch(3000);
  await loop.turn();
  loop.longest = 0;
  await watch.send({ type: "ERROR", error: expired() });
  await harness.clock.advance(0);
  // Its own write, while what is gone is taken out: newer than the list, and kept.
  informer.observe(widget("w999", 3001));
  informer.observe(widget("own", 3002));
  assert.ok(informer.size > 900 && informer.size < 1000, `${informer.size}`);
  assert.ok(await loop.turnUntil(() => informer.size === 3, 500));
  // The watch begins.
  await loop.turn();
  assert.ok(loop.longest <= 10, `${loop.longest} ms in one turn`);
  assert.deepEqual(harness.held(), ["own@3002", "w0@10", "w999@3001"]);
});

scenario("a subscriber that has left is told nothing", async (harness) => {
  const watch = await harness.startSynced(5);
  const told: string[] = [];
  const leave = harness.informer.subscribe({
    changed: (object) => told.push(object.metadata.name),
  });
  await watch.send(added(widget("a", 6)));
  leave();
  await watch.send(added(widget("b", 7)));
  assert.deepEqual(told, ["a"]);
});

scenario("what is kept lacks managedFields, whatever brought it", async (harness) => {
  const managed = (name: string, version: number): Stored<Widget> => {
    const object = widget(name, version);
    return {
      ...object,
      metadata: { ...object.metadata, managedFields: [{ manager: "me" }], labels: { a: "b" } },
    };
  };
  const trimmed = (name: string, version: number) => {
    const object = widget(name, version);
    return { ...object, metadata: { ...object.metadata, labels: { a: "b" } } };
  };
  const watch = await harness.startSynced(5, managed("a", 1));
  await watch.send(added(managed("b", 6)));
  harness.informer.observe(managed("c", 7));
  assert.deepEqual([...harness.informer.values()], [
    trimmed("a", 1),
    trimmed("b", 6),
    trimmed("c", 7),
  ]);
  assert.deepEqual(withoutManagedFields(widget("d", 1)), widget("d", 1));
});

scenario("an object of which trim makes nothing keeps no other away", async (harness) => {
  harness.server.expectList(page(5, [widget("bad", 1), widget("b", 2)]));
  const watch = harness.server.expectWatch(5);
  await harness.start();
  assert.deepEqual(harness.held(), ["b@2"]);
  await watch.send(modified(widget("bad", 6)), modified(widget("b", 7)), added(widget("c", 8)));
  harness.informer.observe(widget("bad", 9));
  assert.deepEqual(harness.held(), ["b@7", "c@8"]);
  const threw = harness.told().filter((line) => line.startsWith("callback threw"));
  assert.equal(threw.length, 3);
  harness.server.expectWatch(8);
  await watch.end();
  await harness.clock.advance(1_000);
}, {
  keep: (object) => {
    if (object.metadata.name === "bad") throw new TypeError("no such thing");
    return object;
  },
});

scenario("only what a trim of one's own leaves is kept", async (harness) => {
  await harness.startSynced(5, widget("a", 1));
  assert.deepEqual([...harness.informer.values()], [{ metadata: widget("a", 1).metadata }]);
}, { keep: ({ metadata }) => ({ metadata }) });

scenario("whenSynced waits for the first sync and is immediate after it", async (harness) => {
  let synced = false;
  const waiting = harness.informer.whenSynced().then(() => synced = true);
  harness.server.expectList(unreachable());
  await harness.start();
  assert.equal(synced, false);
  harness.server.expectList(page(5, []));
  harness.server.expectWatch(5);
  await harness.clock.advance(400);
  await waiting;
  await harness.informer.whenSynced();
});

scenario("whenSynced ends with its signal", async (harness) => {
  const stop = new AbortController();
  const waiting = harness.informer.whenSynced(stop.signal);
  stop.abort(new Error("enough"));
  await assert.rejects(waiting, new Error("enough"));
  await assert.rejects(harness.informer.whenSynced(stop.signal), new Error("enough"));
});

const ABORTED: { name: string; begin: (harness: InformerHarness) => Promise<unknown> }[] = [
  {
    name: "while it lists",
    begin: (harness) => {
      harness.server.expectList(HANGING);
      return harness.start();
    },
  },
  {
    name: "while it waits for the watch",
    begin: (harness) => {
      harness.server.expectList(page(5, [])).expectFailingWatch(5, HANGING);
      return harness.start();
    },
  },
  { name: "while it watches", begin: (harness) => harness.startSynced(5) },
  {
    name: "while it pauses",
    begin: (harness) => {
      harness.server.expectList(unreachable());
      return harness.start();
    },
  },
];

for (const { name, begin } of ABORTED) {
  Deno.test(`an abort ${name} ends it at once and leaves nothing behind`, async () => {
    await using harness = new InformerHarness();
    await begin(harness);
    harness.told();
    await harness[Symbol.asyncDispose]();
    await settle();
    assert.deepEqual(harness.told(), []);
  });
}

Deno.test("an abort before it starts ends it without a request", async () => {
  await using harness = new InformerHarness();
  await harness.informer.run(AbortSignal.abort());
  assert.deepEqual(harness.told(), []);
});

Deno.test("an abort cancels the watch's stream", async () => {
  const harness = new InformerHarness();
  const watch = await harness.startSynced(5);
  await harness[Symbol.asyncDispose]();
  assert.equal(watch.cancelled, true);
});
