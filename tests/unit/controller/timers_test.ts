import assert from "node:assert/strict";
import { Timers } from "../../../src/controller/timers.ts";
import { FakeTime } from "../kubernetes/fake_time.ts";

function rig() {
  const time = new FakeTime();
  const start = time.clock.now();
  const due: string[] = [];
  const timers = new Timers(time.clock, (key) => due.push(`${key}@${time.elapsed()}`));
  return { time, timers, due, set: (key: string, ms: number) => timers.set(key, start + ms) };
}

Deno.test("timers: each key is due once, at its moment", async () => {
  const { time, timers, due, set } = rig();
  set("b", 2000);
  set("a", 1000);
  assert.equal(timers.size, 2);
  await time.pass(5000);
  assert.deepEqual([due, timers.size, time.pending], [["a@1000", "b@2000"], 0, 0]);
});

Deno.test("timers: a new moment takes the place of the old one, earlier or later", async () => {
  const { time, due, set } = rig();
  set("a", 1000);
  set("a", 3000);
  set("b", 3000);
  set("b", 500);
  assert.equal(time.pending, 2);
  await time.pass(5000);
  assert.deepEqual(due, ["b@500", "a@3000"]);
});

Deno.test("timers: the same moment again changes nothing", async () => {
  const { time, due, set } = rig();
  set("a", 1000);
  await time.pass(400);
  set("a", 1000);
  await time.pass(600);
  assert.deepEqual(due, ["a@1000"]);
});

Deno.test("timers: a moment that has passed is due as soon as possible", async () => {
  const { time, due, set } = rig();
  set("a", -5000);
  await time.pass(1);
  assert.deepEqual(due.map((each) => each.split("@")[0]), ["a"]);
});

Deno.test("timers: a key may be set anew from within its own moment", async () => {
  const { time, timers, due } = rig();
  const again = new Timers(time.clock, (key) => {
    due.push(key);
    if (due.length < 3) again.set(key, time.clock.now() + 10);
  });
  again.set("a", time.clock.now() + 10);
  await time.pass(100);
  assert.deepEqual([due, again.size, timers.size], [["a", "a", "a"], 0, 0]);
});

Deno.test("timers: what is cleared or stopped is not due, and leaves no timer behind", async () => {
  const { time, timers, due, set } = rig();
  for (const key of ["a", "b", "c"]) set(key, 1000);
  timers.clear("a");
  timers.clear("never set");
  assert.equal(time.pending, 2);
  timers.stop();
  await time.pass(5000);
  assert.deepEqual([due, timers.size, time.pending], [[], 0, 0]);
});
