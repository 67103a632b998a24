import assert from "node:assert/strict";
import { Connections } from "../../../src/azure/connections.ts";
import type { Route } from "../../../src/runtime/network/proxy_route.ts";
import { FakeTime } from "../kubernetes/fake_time.ts";

interface FakeClient extends Deno.HttpClient {
  readonly number: number;
}

function bench(silentMs?: number) {
  const time = new FakeTime();
  const closed: number[] = [];
  let made = 0;
  const create = (): FakeClient => {
    const number = ++made;
    const close = () => void closed.push(number);
    return { number, close, [Symbol.dispose]: close } as FakeClient;
  };
  const connections = new Connections({
    create,
    clock: time.clock,
    ...(silentMs === undefined ? {} : { silentMs }),
  });
  const open = (host: string) => connections.open(new URL(`https://${host}/`));
  const numberOf = (host: string) => {
    const connection = open(host);
    connection.release();
    return (connection.client as FakeClient).number;
  };
  const fail = (host: string) => {
    const connection = open(host);
    connection.retire();
    connection.release();
  };
  return { time, closed, connections, open, numberOf, fail, made: () => made };
}

Deno.test("connections: hosts share one pool, which is made at the first call", () => {
  const { numberOf, made } = bench();
  assert.equal(made(), 0);
  assert.deepEqual(["a", "b", "a"].map(numberOf), [1, 1, 1]);
});

Deno.test("connections: a host that failed takes a new pool, and all others stay", () => {
  const { numberOf, fail, closed } = bench();
  numberOf("a");
  numberOf("b");
  fail("a");
  assert.deepEqual(["a", "b", "a"].map(numberOf), [2, 1, 2]);
  assert.deepEqual(closed, []);
});

Deno.test("connections: those that fail one after another come together in the newest pool", () => {
  const { numberOf, fail } = bench();
  for (const host of ["a", "b", "c"]) numberOf(host);
  for (const host of ["a", "b"]) {
    fail(host);
    numberOf(host);
  }
  assert.deepEqual(["a", "b", "c", "d"].map(numberOf), [2, 2, 1, 2]);
});

Deno.test("connections: calls under way when a host fails renew it once", () => {
  const { open, numberOf, made } = bench();
  const calls = Array.from({ length: 32 }, () => open("a"));
  for (const call of calls) {
    call.retire();
    assert.equal(numberOf("a"), 2);
  }
  assert.equal(made(), 2);
});

Deno.test("connections: a pool is closed with its last call, once no host takes it", () => {
  const { open, fail, numberOf, closed } = bench();
  const slow = open("a");
  fail("a");
  assert.equal(numberOf("a"), 2);
  assert.deepEqual(closed, []);
  slow.release();
  slow.release();
  assert.deepEqual(closed, [1]);
});

Deno.test("connections: only where an answer came before may a connection be left from then", () => {
  const { open, fail } = bench();
  const first = open("a");
  assert.equal(first.used, false);
  first.answered(0);
  first.release();
  assert.equal(open("a").used, true);
  assert.equal(open("b").used, false);
  fail("a");
  assert.equal(open("a").used, false);
});

Deno.test("connections: an answer by the pool that a host has left says nothing of the new one", () => {
  const { open, fail } = bench();
  const late = open("a");
  fail("a");
  const fresh = open("a");
  late.answered(0);
  assert.equal(open("a").used, false);
  fresh.answered(0);
  assert.equal(open("a").used, true);
});

Deno.test("connections: a call's patience counts from what the host last said to any call", async () => {
  const { time, open } = bench();
  const startedAt = time.clock.now();
  const [one, other] = [open("a"), open("a")];
  assert.equal(one.patienceMs(startedAt), 10_000);
  await time.pass(4000);
  assert.equal(one.patienceMs(startedAt), 6000);
  other.heard();
  assert.equal(one.patienceMs(startedAt), 10_000);
  open("b").heard();
  await time.pass(10_000);
  assert.equal(one.patienceMs(startedAt), 0);
});

Deno.test("connections: a host that answers slowly is given twice its time", async () => {
  const { time, open } = bench();
  const startedAt = time.clock.now();
  await time.pass(15_000);
  open("a").answered(startedAt);
  const patience = () => open("a").patienceMs(time.clock.now());
  assert.equal(patience(), 30_000);
  // Half of it counts after each faster answer.
  open("a").answered(time.clock.now());
  assert.equal(patience(), 15_000);
  open("a").answered(time.clock.now());
  assert.equal(patience(), 10_000);
});

Deno.test("connections: a clock that was set back makes nobody wait longer than the limit", () => {
  const { time, open } = bench();
  assert.equal(open("a").patienceMs(time.clock.now() + 3_600_000), 10_000);
});

Deno.test("connections: any number of hosts that fail at any time keep 16 pools at most", () => {
  const { connections, open, fail, closed, made } = bench();
  for (let round = 0; round < 100; round++) {
    // One that works, and so holds its pool, and one that fails.
    open(`works-${round}`).release();
    fail("dead");
    open("dead").release();
    assert.ok(connections.size <= 16, `${connections.size} pools`);
  }
  assert.equal(closed.length, made() - connections.size);
});

Deno.test("connections: a thousand dead hosts share the few pools that their failures make", () => {
  const { connections, fail, made } = bench();
  for (let index = 0; index < 1000; index++) fail(`dead-${index}`);
  assert.deepEqual([connections.size, made()], [1, 1]);
  for (let index = 0; index < 1000; index++) fail(`dead-${index}`);
  assert.deepEqual([connections.size, made()], [1, 2]);
});

Deno.test("connections: hosts behind a proxy and others have pools of their own", () => {
  const made: Route[] = [];
  const connections = new Connections({
    create: (route) => {
      made.push(route);
      return { close: () => {}, [Symbol.dispose]: () => {} } as Deno.HttpClient;
    },
    clock: new FakeTime().clock,
    routeOf: ({ host }) => host.startsWith("near") ? "direct" : "proxied",
  });
  const open = (host: string) => connections.open(new URL(`https://${host}/`));
  const routes = ["near-1", "far-1", "near-2", "far-2"].map((host) => open(host).route);
  assert.deepEqual(routes, ["direct", "proxied", "direct", "proxied"]);
  assert.deepEqual(made, ["direct", "proxied"]);
  open("far-1").retire();
  assert.notEqual(open("far-1").client, open("far-2").client);
  assert.equal(open("near-1").client, open("near-2").client);
  assert.deepEqual(made, ["direct", "proxied", "proxied"]);
});

Deno.test("connections: where pools are out of date all hosts take new ones, and each is closed once", () => {
  const time = new FakeTime();
  const closed: number[] = [];
  let [made, outdated] = [0, false];
  const connections = new Connections({
    create: () => {
      const number = ++made;
      return {
        close: () => void closed.push(number),
        [Symbol.dispose]: () => {},
      } as Deno.HttpClient;
    },
    clock: time.clock,
    outdated: () => outdated,
  });
  const open = (host: string) => connections.open(new URL(`https://${host}/`));
  open("a").release();
  const slow = open("b");
  outdated = true;
  open("a").release();
  outdated = false;
  assert.deepEqual([made, closed], [2, []]);
  slow.retire();
  slow.release();
  assert.deepEqual(closed, [1]);
  for (let index = 0; index < 1001; index++) open(`host-${index}`).release();
  assert.deepEqual([made, closed], [2, [1]]);
});

Deno.test("connections: of hosts beyond a thousand the oldest are forgotten, and their pools freed", () => {
  const { connections, open, fail, closed } = bench();
  open("kept-by-its-pool").release();
  fail("dead");
  open("dead").release();
  assert.equal(connections.size, 2);
  for (let index = 0; index < 1000; index++) open(`host-${index}`).release();
  assert.equal(connections.size, 1);
  assert.deepEqual(closed, [1]);
});
