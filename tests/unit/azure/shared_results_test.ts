import assert from "node:assert/strict";
import { SharedResults } from "../../../src/azure/shared_results.ts";
import { FakeTime } from "../kubernetes/fake_time.ts";
import { rejection } from "./support.ts";

function rig() {
  const time = new FakeTime();
  let made = 0;
  const results = new SharedResults<number>(time.clock, () => time.clock.now() + 1000);
  const next = () => Promise.resolve(++made);
  return { time, results, next, made: () => made };
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
