import assert from "node:assert/strict";
import { isWithin, sleep, systemClock } from "../../../../src/runtime/time/clock.ts";
import { FakeTime } from "../../kubernetes/fake_time.ts";
import { listened } from "./listened_signal.ts";

Deno.test("sleep: it ends after its delay and not before, and leaves no timer", async () => {
  const time = new FakeTime();
  const ended: number[] = [];
  const sleeping = sleep(time.clock, 1000).then(() => ended.push(time.elapsed()));
  await time.pass(999);
  assert.deepEqual(ended, []);
  await time.pass(5000);
  await sleeping;
  assert.deepEqual([ended, time.pending], [[1000], 0]);
});

Deno.test("sleep: an abort ends it at once with its reason, and leaves no timer", async () => {
  const time = new FakeTime();
  const stop = new AbortController();
  const reason = new Error("enough");
  const sleeping = assert.rejects(sleep(time.clock, 1000, stop.signal), reason);
  stop.abort(reason);
  await sleeping;
  assert.equal(time.pending, 0);
});

Deno.test("sleep: one that is aborted before it begins never sets a timer", async () => {
  const time = new FakeTime();
  const reason = new Error("enough");
  await assert.rejects(sleep(time.clock, 1000, AbortSignal.abort(reason)), reason);
  assert.equal(time.pending, 0);
});

Deno.test("sleep: it lets go of the signal when it ends", async () => {
  const time = new FakeTime();
  const stop = new AbortController();
  const { signal, listeners } = listened(stop.signal);
  const sleeping = sleep(time.clock, 10, signal);
  assert.equal(listeners(), 1);
  await time.pass(10);
  await sleeping;
  assert.equal(listeners(), 0);
});

Deno.test("isWithin: a span ends at its end, and with a clock that is set back behind its beginning", () => {
  const moments = [-1, 0, 1, 99, 100, 101];
  assert.deepEqual(moments.filter((ms) => isWithin(5000 + ms, 5000, 100)), [0, 1, 99]);
});

Deno.test("system clock: it tells the machine's time and runs callbacks", async () => {
  const before = Date.now();
  const now = systemClock.now();
  assert.ok(now >= before && now <= Date.now());
  await new Promise<void>((resolve) => systemClock.after(0, resolve));
  await new Promise<void>((resolve) => systemClock.after(-5, resolve));
});

Deno.test("system clock: a delay beyond what timers know does not run at once", async () => {
  let ran = false;
  const cancel = systemClock.after(2 ** 40, () => ran = true);
  await new Promise<void>((resolve) => systemClock.after(5, resolve));
  cancel();
  assert.equal(ran, false);
});

Deno.test("system clock: what is cancelled does not run", async () => {
  let ran = false;
  systemClock.after(1, () => ran = true)();
  await new Promise<void>((resolve) => systemClock.after(5, resolve));
  assert.equal(ran, false);
});
