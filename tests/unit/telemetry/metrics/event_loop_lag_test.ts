import assert from "node:assert/strict";
import { systemClock } from "../../../../src/runtime/time/clock.ts";
import { EventLoopLag } from "../../../../src/telemetry/metrics/event_loop_lag.ts";
import { FakeTime } from "../../kubernetes/fake_time.ts";

/** A loop that stalls when the test says so. */
function rig() {
  const time = new FakeTime();
  const stop = new AbortController();
  let busyUntil = 0;
  let looks = 0;
  // A timer that falls due while the loop is busy runs when it no longer is.
  const after = (delayMs: number, callback: () => void): () => void => {
    let cancel = time.clock.after(delayMs, () => {
      looks++;
      if (time.elapsed() >= busyUntil) callback();
      else cancel = time.clock.after(busyUntil - time.elapsed(), callback);
    });
    return () => cancel();
  };
  const lag = new EventLoopLag({ clock: { after }, monotonic: time.elapsed, signal: stop.signal });
  const stall = (ms: number) => {
    busyUntil = time.elapsed() + ms;
  };
  return { time, lag, stop, stall, looks: () => looks };
}

Deno.test("event loop lag: a loop that is on time lags by nothing", async () => {
  const { time, lag } = rig();
  lag.watch();
  await time.pass(10_000);
  assert.equal(lag.longestMs, 0);
});

Deno.test("event loop lag: the longest stall is told, and not the last", async () => {
  const { time, lag, stall } = rig();
  for (const ms of [300, 2000, 100]) {
    lag.watch();
    stall(ms);
    await time.pass(3000);
  }
  assert.equal(lag.longestMs, 2000 - 20);
});

Deno.test("event loop lag: a stall is seen almost whole, whenever it comes in the course of work", async () => {
  for (let offsetMs = 0; offsetMs < 200; offsetMs += 3) {
    const { time, lag, stall } = rig();
    lag.watch();
    await time.pass(offsetMs);
    stall(150);
    await time.pass(500);
    assert.ok(lag.longestMs >= 130 && lag.longestMs <= 150, `${lag.longestMs} at ${offsetMs}`);
  }
});

Deno.test("event loop lag: it watches as long as there is work, and costs nothing without", async () => {
  const { time, lag, looks } = rig();
  await time.pass(10_000);
  assert.deepEqual([looks(), time.pending], [0, 0]);
  for (let index = 0; index < 10; index++) {
    lag.watch();
    await time.pass(100);
  }
  assert.ok(looks() >= 49, `${looks()}`);
  await time.pass(10_000);
  assert.ok(looks() <= 60, `${looks()}`);
  assert.equal(time.pending, 0);
});

Deno.test("event loop lag: it leaves no timer behind", async () => {
  const { time, stop, lag } = rig();
  lag.watch();
  await time.pass(50);
  stop.abort();
  assert.equal(time.pending, 0);
  lag.watch();
  assert.equal(time.pending, 0);
});

Deno.test("event loop lag: code that does not hand back is seen in the real loop", async () => {
  const stop = new AbortController();
  const lag = new EventLoopLag({
    clock: systemClock,
    monotonic: () => performance.now(),
    signal: stop.signal,
  });
  lag.watch();
  const until = performance.now() + 200;
  while (performance.now() < until);
  await new Promise((resolve) => setTimeout(resolve, 30));
  stop.abort();
  assert.ok(lag.longestMs >= 170, `${lag.longestMs}`);
});
