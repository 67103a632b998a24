import assert from "node:assert/strict";
import { SharedResults } from "../../../src/azure/shared_results.ts";
import { FakeTime } from "../kubernetes/fake_time.ts";
import { rejection } from "./support.ts";

function rig() {
  const time = new FakeTime();
  let made = 0;
  const stop = new AbortController();
  const results = new SharedResults<number>(
    time.clock,
    () => time.clock.now() + 1000,
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

Deno.test("shared results: a failure is shared by those who wait, and by nobody after", async () => {
  const { results, next } = rig();
  const boom = new Error("boom");
  const fail = () => Promise.reject(boom);
  const failures = [results.get("k", fail), results.get("k", next)].map((p) => rejection<Error>(p));
  assert.deepEqual(await Promise.all(failures), [boom, boom]);
  assert.equal(await results.get("k", next), 1);
});

Deno.test("shared results: what is forgotten is made anew", async () => {
  const { results, next } = rig();
  await results.get("k", next);
  results.forget("k");
  results.forget("never asked for");
  assert.equal(await results.get("k", next), 2);
});

Deno.test("shared results: a late failure of what was forgotten does not touch its successor", async () => {
  const { results, next, made } = rig();
  const { promise, reject } = Promise.withResolvers<number>();
  const first = rejection<Error>(results.get("k", () => promise));
  results.forget("k");
  await results.get("k", next);
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
  const results = new SharedResults<number>(time.clock, (moment) => moment, signal);
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
