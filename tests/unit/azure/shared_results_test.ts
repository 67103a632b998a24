import assert from "node:assert/strict";
import { Askers } from "../../../src/azure/askers.ts";
import { SharedResults } from "../../../src/azure/shared_results.ts";
import { FakeTime } from "../kubernetes/fake_time.ts";
import { rejection } from "./support.ts";

function rig() {
  const time = new FakeTime();
  let made = 0;
  const stop = new AbortController();
  const results = new SharedResults<number>(
    time.clock,
    { until: () => time.clock.now() + 1000, failureMs: () => 5000, lengthOf: () => 1 },
    stop.signal,
  );
  const next = () => Promise.resolve(++made);
  return { time, results, next, made: () => made, stop };
}

Deno.test("shared results: those who ask at the same time wait for one result", async () => {
  const { results, next } = rig();
  const answers = await Promise.all([results.get("k", next), results.get("k", next)]);
  assert.deepEqual(answers, [1, 1]);
});

Deno.test("shared results: keys are apart", async () => {
  const { results, next } = rig();
  assert.deepEqual(await Promise.all([results.get("a", next), results.get("b", next)]), [1, 2]);
});

Deno.test("shared results: a result is shared until its moment and not after", async () => {
  const { time, results, next } = rig();
  const answers = [await results.get("k", next)];
  await time.pass(999);
  answers.push(await results.get("k", next));
  await time.pass(1);
  answers.push(await results.get("k", next));
  assert.deepEqual(answers, [1, 1, 2]);
});

Deno.test("shared results: a result that is slow to come is shared however long it takes", async () => {
  const { time, results, next } = rig();
  const slow = () => new Promise<number>((resolve) => time.clock.after(9000, () => resolve(-1)));
  const first = results.get("k", slow);
  await time.pass(8000);
  const second = results.get("k", next);
  await time.pass(1000);
  assert.deepEqual([await first, await second, await results.get("k", next)], [-1, -1, -1]);
});

const BOOM = new Error("boom");
const fail = () => Promise.reject(BOOM);

Deno.test("shared results: a failure is shared by those who wait, and for its time by those who come", async () => {
  const { time, results, next } = rig();
  const failures = [results.get("k", fail), results.get("k", next)].map((p) => rejection<Error>(p));
  assert.deepEqual(await Promise.all(failures), [BOOM, BOOM]);
  await time.pass(4999);
  assert.equal(await rejection<Error>(results.get("k", next)), BOOM);
  await time.pass(1);
  assert.equal(await results.get("k", next), 1);
});

Deno.test("shared results: nobody is told of a failure twice, and the next is news to all", async () => {
  const { time, results, next, made } = rig();
  await rejection(results.get("k", fail));
  const failedAt = time.clock.now();
  await time.pass(1000);
  const again = new Error("again");
  const retry = results.get("k", () => Promise.reject(again), { failedAt });
  assert.equal(await rejection<Error>(retry), again);
  await time.pass(1000);
  assert.equal(await rejection<Error>(results.get("k", next, { failedAt })), again);
  assert.equal(made(), 0);
  assert.equal(await results.get("k", next, { failedAt: time.clock.now() - 1000 }), 1);
});

Deno.test("shared results: a last try is put off by no failure, and by no attempt of less need", async () => {
  const { results, next } = rig();
  await rejection(results.get("a", fail));
  assert.equal(await results.get("a", next, { askers: new Askers([], "last") }), 1);
  const { promise, resolve } = Promise.withResolvers<number>();
  const slow = results.get("b", () => promise);
  const last = [
    results.get("b", next, { askers: new Askers([], "last") }),
    results.get("b", next, { askers: new Askers([], "last") }),
    results.get("b", next),
  ];
  assert.deepEqual(await Promise.all(last), [2, 2, 2]);
  resolve(9);
  assert.equal(await slow, 9);
  assert.equal(await results.get("b", next), 2, "what came late takes the place of no value");
});

Deno.test("shared results: a value that came late takes the place of a failure", async () => {
  const { results, next } = rig();
  const { promise, resolve } = Promise.withResolvers<number>();
  const slow = results.get("k", () => promise);
  await rejection(results.get("k", fail, { askers: new Askers([], "last") }));
  resolve(9);
  assert.deepEqual([await slow, await results.get("k", next)], [9, 9]);
});

Deno.test("shared results: what is in doubt leaves the memory when it is shared no more", async () => {
  const time = new FakeTime();
  const { signal } = new AbortController();
  const keeping = {
    until: () => time.clock.now() + 86_400_000,
    failureMs: () => 0,
    lengthOf: () => 1,
  };
  const results = new SharedResults<number>(time.clock, keeping, signal);
  await results.get("k", () => Promise.resolve(1));
  results.doubt("k", 1, 10_000);
  await time.pass(20_000);
  assert.deepEqual([results.size, time.pending], [0, 0]);
});

Deno.test("shared results: a failure that is nobody else's is shared by those who wait alone", async () => {
  const time = new FakeTime();
  const { signal } = new AbortController();
  const results = new SharedResults<number>(
    time.clock,
    { until: () => 0, failureMs: () => 0, lengthOf: () => 1 },
    signal,
  );
  const failures = [results.get("k", fail), results.get("k", fail)].map((p) => rejection<Error>(p));
  assert.deepEqual(await Promise.all(failures), [BOOM, BOOM]);
  assert.equal(await results.get("k", () => Promise.resolve(7)), 7);
});

Deno.test("shared results: only a value that suits is shared", async () => {
  const { results, next } = rig();
  await results.get("k", next);
  assert.equal(await results.get("k", next, { suits: (value) => value === 1 }), 1);
  assert.equal(await results.get("k", next, { suits: (value) => value > 1 }), 2);
});

/** Results by a clock that can be set; values are kept for as long as given, failures a second. */
function skewedRig(keepMs: number) {
  const time = new FakeTime();
  const { signal } = new AbortController();
  let skewMs = 0;
  const clock = time.skewed(() => skewMs);
  const keeping = { until: () => clock.now() + keepMs, failureMs: () => 1000, lengthOf: () => 1 };
  const results = new SharedResults<number>(clock, keeping, signal);
  return { time, results, setClock: (byMs: number) => void (skewMs = byMs) };
}

Deno.test("shared results: where the clock was set back nothing made before is shared", async () => {
  const { results, setClock } = skewedRig(1000);
  await results.get("value", () => Promise.resolve(1));
  await rejection(results.get("failure", fail));
  setClock(-3_600_000);
  const two = () => Promise.resolve(2);
  assert.deepEqual([await results.get("value", two), await results.get("failure", two)], [2, 2]);
});

Deno.test("shared results: where the clock was set back nothing made before stays in memory", async () => {
  const { time, results, setClock } = skewedRig(300_000);
  await results.get("k", () => Promise.resolve(1));
  setClock(-7_200_000);
  await time.pass(310_000);
  assert.equal(results.size, 0);
});

Deno.test("shared results: what is in doubt is shared until it has that age, and not after", async () => {
  const { time, results, next } = rig();
  await results.get("k", next);
  results.doubt("k", 1, 500);
  results.doubt("never asked for", 1, 0);
  await time.pass(499);
  assert.equal(await results.get("k", next), 1);
  await time.pass(1);
  assert.equal(await results.get("k", next), 2);
});

Deno.test("shared results: doubt prolongs nothing, and touches no other value", async () => {
  const { time, results, next } = rig();
  await results.get("k", next);
  results.doubt("k", 1, 60_000);
  results.doubt("k", 7, 0);
  await time.pass(999);
  assert.equal(await results.get("k", next), 1);
  await time.pass(1);
  const successor = results.get("k", next);
  results.doubt("k", 1, 0);
  assert.deepEqual(await Promise.all([successor, results.get("k", next)]), [2, 2]);
});

Deno.test("shared results: a late failure does not touch what took its place", async () => {
  const { results, next, made } = rig();
  const { promise, reject } = Promise.withResolvers<number>();
  const first = rejection<Error>(results.get("k", () => promise));
  await results.get("k", next, { askers: new Askers([], "last") });
  reject(new Error("late"));
  await first;
  await results.get("k", next);
  assert.equal(made(), 1);
});

Deno.test("shared results: what is over is dropped though nobody asks again, and no timer is left", async () => {
  const { time, results, next } = rig();
  await results.get("a", next);
  await time.pass(5000);
  await results.get("b", next);
  const sizes = [results.size];
  for (const ms of [4999, 1, 10_000]) {
    await time.pass(ms);
    sizes.push(results.size);
  }
  assert.deepEqual([sizes, time.pending], [[2, 2, 0, 0], 0]);
});

Deno.test("shared results: one that lasts is kept while those around it are dropped", async () => {
  const time = new FakeTime();
  const { signal } = new AbortController();
  const keeping = { until: (moment: number) => moment, failureMs: () => 0, lengthOf: () => 1 };
  const results = new SharedResults<number>(time.clock, keeping, signal);
  const start = time.clock.now();
  const until = (ms: number) => () => Promise.resolve(start + ms);
  await results.get("long", until(60_000));
  await results.get("short", until(20_000));
  const sizes: number[] = [];
  for (const ms of [19_999, 1, 39_999, 1]) {
    await time.pass(ms);
    sizes.push(results.size);
  }
  assert.deepEqual([sizes, time.pending], [[2, 1, 1, 0], 0]);
});

Deno.test("shared results: at the operator's end all are dropped, and none is kept after", async () => {
  const { time, results, next, stop } = rig();
  const { promise, resolve } = Promise.withResolvers<number>();
  await results.get("a", next);
  const late = results.get("b", () => promise);
  stop.abort();
  assert.deepEqual([results.size, time.pending], [0, 0]);
  resolve(9);
  assert.deepEqual([await late, time.pending], [9, 0]);
});

Deno.test("shared results: who asks while one is being made joins those for whom it is", async () => {
  const { results } = rig();
  const { promise, resolve } = Promise.withResolvers<number>();
  let all = new Askers();
  const make = (askers: Askers) => {
    all = askers;
    return promise;
  };
  const of = (namespace: string) => ({ askers: new Askers([{ namespace }]) });
  const first = of("a");
  const asked = [results.get("k", make, first)];
  assert.deepEqual([...all.namespaces], ["a"]);
  asked.push(results.get("k", make, of("b")));
  first.askers.join({ namespace: "c", urgency: { from: 0, until: 7 } });
  assert.deepEqual([[...all.namespaces], all.urgency?.until], [["a", "b", "c"], 7]);
  resolve(1);
  assert.deepEqual(await Promise.all(asked), [1, 1]);
  await results.get("k", make, of("d"));
  assert.deepEqual([...all.namespaces], ["a", "b", "c"], "what is done is made for nobody");
});

Deno.test("shared results: of those that ended the last thousand are kept", async () => {
  const time = new FakeTime();
  const { signal } = new AbortController();
  const keeping = {
    until: () => time.clock.now() + 60_000,
    failureMs: () => 60_000,
    lengthOf: () => 1,
  };
  const results = new SharedResults<number>(time.clock, keeping, signal);
  let made = 0;
  const make = () => Promise.resolve(++made);
  for (let n = 0; n < 3000; n++) {
    const outcome = n % 2 === 0 ? make : fail;
    await results.get(`k${n}`, outcome).catch(() => {});
  }
  assert.equal(results.size, 1000);
  const kept = [await results.get("k2998", make), await results.get("k1000", make)];
  assert.deepEqual(kept, [1500, 1501]);
});

Deno.test("shared results: of long ones, and of those with long keys, fewer are kept", async () => {
  const time = new FakeTime();
  const { signal } = new AbortController();
  const keeping = {
    until: () => time.clock.now() + 60_000,
    failureMs: () => 60_000,
    lengthOf: (value: string) => value.length,
  };
  const results = new SharedResults<string>(time.clock, keeping, signal);
  const token = "t".repeat(32_000);
  for (let n = 0; n < 1000; n++) {
    const make = () => n % 3 === 0 ? Promise.reject(new Error("refused")) : Promise.resolve(token);
    await results.get(`${n} ${"k".repeat(4000)}`, make).catch(() => {});
    assert.ok(results.length <= 3 * 1024 * 1024, `${results.length} UTF-16 units`);
  }
  assert.ok(results.size > 100, `${results.size} are kept`);
  const latest = `998 ${"k".repeat(4000)}`;
  assert.equal(await results.get(latest, () => Promise.resolve("made anew")), token);
  results.doubt(latest, token, 0);
  await time.pass(120_000);
  assert.deepEqual([results.size, results.length], [0, 0]);
});

Deno.test("shared results: what is under way is kept, however many there are", async () => {
  const { results } = rig();
  const { promise, resolve } = Promise.withResolvers<number>();
  const asked = Array.from({ length: 2000 }, (_, n) => results.get(`k${n}`, () => promise));
  const again = results.get("k0", () => Promise.resolve(-1));
  resolve(7);
  assert.deepEqual([await again, ...new Set(await Promise.all(asked))], [7, 7]);
});
