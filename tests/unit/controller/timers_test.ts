import assert from "node:assert/strict";
import fc from "fast-check";
import { Timers } from "../../../src/controller/timers.ts";
import { FakeTime } from "../kubernetes/fake_time.ts";

function rig() {
  const time = new FakeTime();
  const start = time.clock.now();
  const due: string[] = [];
  let offsetMs = 0;
  let wakes = 0;
  const clock = time.skewed(() => offsetMs);
  const counting = {
    ...clock,
    after: (delayMs: number, callback: () => void) =>
      clock.after(delayMs, () => {
        wakes++;
        callback();
      }),
  };
  const timers = new Timers(counting, (key) => due.push(`${key}@${time.elapsed()}`));
  return {
    time,
    timers,
    due,
    set: (key: string, ms: number) => timers.set(key, start + ms),
    /** Sets the wall clock. */
    step: (byMs: number) => void (offsetMs += byMs),
    wakes: () => wakes,
  };
}

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

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
  assert.equal(time.pending, 1);
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
  assert.deepEqual([timers.size, time.pending], [2, 1]);
  timers.stop();
  assert.deepEqual([timers.size, time.pending], [0, 0]);
  set("d", 2000);
  timers.clear("d");
  assert.equal(time.pending, 0);
  await time.pass(5000);
  assert.deepEqual(due, []);
});

Deno.test("timers: of those due together, one may clear another or set it anew", async () => {
  const time = new FakeTime();
  const start = time.clock.now();
  const due: string[] = [];
  const timers = new Timers(time.clock, (key) => {
    due.push(`${key}@${time.elapsed()}`);
    if (key !== "a") return;
    timers.clear("b");
    timers.set("c", start + 2000);
  });
  for (const key of ["a", "b", "c", "d"]) timers.set(key, start + 1000);
  await time.pass(5000);
  assert.deepEqual([due, timers.size, time.pending], [["a@1000", "d@1000", "c@2000"], 0, 0]);
});

Deno.test("timers: one that keeps setting itself to what has passed leaves room for the rest", async () => {
  const time = new FakeTime();
  let looks = 0;
  const timers = new Timers(time.clock, (key) => {
    looks++;
    timers.set(key, -looks);
  });
  timers.set("a", 0);
  let turns = 0;
  for (; turns < 3; turns++) await time.pass(1);
  assert.ok(looks >= 1 && looks <= 20, `${looks}`);
  timers.stop();
});

Deno.test("timers: what is due by a clock set forward, or after a suspension, is a minute late at most", async () => {
  const { time, due, set, step } = rig();
  set("a", 2 * HOUR);
  set("b", 4 * HOUR);
  await time.pass(10 * SECOND);
  step(3 * HOUR);
  await time.pass(MINUTE);
  assert.deepEqual(due, ["a@60000"]);
  await time.pass(HOUR);
  assert.deepEqual(due.slice(1), [`b@${HOUR}`]);
});

Deno.test("timers: after a clock set forward, what is soon due is due at its moment", async () => {
  const { time, due, set, step } = rig();
  set("a", 9 * HOUR);
  step(3 * HOUR);
  set("b", 3 * HOUR + 5 * SECOND);
  await time.pass(MINUTE);
  assert.deepEqual(due, ["b@5000"]);
});

Deno.test("timers: a clock set back makes nothing later than by its step", async () => {
  const { time, due, set, step } = rig();
  set("a", 2 * MINUTE);
  await time.pass(30 * SECOND);
  step(-MINUTE);
  set("b", 10 * SECOND);
  await time.pass(10 * MINUTE);
  assert.deepEqual(due, ["b@70000", "a@180000"]);
});

Deno.test("timers: a clock set back by more than a minute has every key looked at, once", async () => {
  const { time, due, set, step, timers } = rig();
  set("a", HOUR);
  set("b", 2 * HOUR);
  await time.pass(30 * SECOND);
  step(-5 * HOUR);
  // A moment by the new clock must not hide that it was set.
  set("c", -5 * HOUR + 40 * SECOND);
  await time.pass(MINUTE);
  assert.deepEqual([due, timers.size], [["c@40000", "a@40000", "b@40000"], 0]);
  set("a", -4 * HOUR);
  await time.pass(10 * MINUTE);
  assert.equal(due.length, 3);
  timers.stop();
});

Deno.test("timers: thousands of keys wake an idle process once a minute", async () => {
  const { time, timers, set, wakes } = rig();
  for (let n = 0; n < 5000; n++) set(`${n}`, 2 * HOUR + n);
  await time.pass(HOUR);
  assert.deepEqual([wakes(), timers.size, time.pending], [60, 5000, 1]);
  timers.stop();
});

Deno.test("property: timers: each key is due at the moment it was last set to, in their order", async () => {
  const step = fc.record({
    key: fc.constantFrom(..."abcdefghijkl"),
    inMs: fc.option(fc.integer({ min: 1, max: 200_000 })),
    passMs: fc.oneof(fc.constant(0), fc.nat({ max: 20_000 })),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 80 }), async (steps) => {
      const { time, timers, due, set } = rig();
      const wanted = new Map<string, number>();
      const expected: string[] = [];
      const pass = async (ms: number) => {
        await time.pass(ms);
        const past = [...wanted].filter(([, at]) => at <= time.elapsed());
        for (const [key, at] of past.sort(([, a], [, b]) => a - b)) {
          expected.push(`${key}@${at}`);
          wanted.delete(key);
        }
      };
      for (const { key, inMs, passMs } of steps) {
        wanted.delete(key);
        if (inMs === null) timers.clear(key);
        else {
          set(key, time.elapsed() + inMs);
          wanted.set(key, time.elapsed() + inMs);
        }
        assert.equal(timers.size, wanted.size);
        await pass(passMs);
      }
      await pass(300_000);
      const moments = (told: readonly string[]) => told.map((each) => each.split("@")[1]);
      assert.deepEqual([[...due].sort(), moments(due)], [[...expected].sort(), moments(expected)]);
      assert.deepEqual([timers.size, time.pending], [0, 0]);
    }),
    { numRuns: 200 },
  );
});
