import assert from "node:assert/strict";
import { systemClock } from "../../../src/runtime/clock.ts";
import { EventLoopLag } from "../../../src/telemetry/event_loop_lag.ts";
import { FakeTime } from "../kubernetes/fake_time.ts";

/** A loop that stalls when the test says so. */
function rig() {
  const time = new FakeTime();
  let stalledMs = 0;
  let looks = 0;
  const lag = new EventLoopLag({
    clock: {
      after: (delayMs, callback) =>
        time.clock.after(delayMs, () => {
          looks++;
          callback();
        }),
    },
    monotonic: () => time.elapsed() + stalledMs,
  });
  const stop = new AbortController();
  lag.start(stop.signal);
  return {
    time,
    lag,
    stop,
    looks: () => looks,
    /** For so long no timer runs. */
    stall: (ms: number) => void (stalledMs += ms),
  };
}

Deno.test("event loop lag: a loop that is on time lags by nothing", async () => {
  const { time, lag } = rig();
  await time.pass(10_000);
  assert.equal(lag.longestMs, 0);
});

Deno.test("event loop lag: the longest stall is told, and not the last", async () => {
  const { time, lag, stall } = rig();
  for (const ms of [300, 2000, 100]) {
    stall(ms);
    await time.pass(1000);
  }
  assert.equal(lag.longestMs, 2000);
});

Deno.test("event loop lag: while there is work a short stall is seen almost whole, whenever it comes", async () => {
  for (let offsetMs = 0; offsetMs < 40; offsetMs += 3) {
    const time = new FakeTime();
    // Here time passes, and timers that fall due meanwhile run late.
    let lateUntil = -1;
    const lag = new EventLoopLag({
      clock: {
        after: (delayMs, callback) => {
          const dueAt = time.elapsed() + delayMs;
          return time.clock.after(dueAt < lateUntil ? lateUntil - time.elapsed() : delayMs, () => {
            if (time.elapsed() >= lateUntil) callback();
            else time.clock.after(lateUntil - time.elapsed(), callback);
          });
        },
      },
      monotonic: time.elapsed,
    });
    lag.start(new AbortController().signal);
    await time.pass(5000);
    lag.watchClosely();
    await time.pass(offsetMs);
    lateUntil = time.elapsed() + 150;
    await time.pass(500);
    assert.ok(lag.longestMs > 150 - 21 && lag.longestMs <= 150, `${lag.longestMs} at ${offsetMs}`);
  }
});

Deno.test("event loop lag: without work it looks once a second, and soon does so again", async () => {
  const { time, lag, looks } = rig();
  await time.pass(10_000);
  assert.equal(looks(), 10);
  lag.watchClosely();
  await time.pass(1000);
  assert.ok(looks() >= 50 && looks() <= 61, `${looks()}`);
  await time.pass(1000);
  const before = looks();
  await time.pass(10_000);
  assert.equal(looks() - before, 10);
});

Deno.test("event loop lag: it leaves no timer behind", async () => {
  const { time, stop, lag } = rig();
  await time.pass(1500);
  stop.abort();
  assert.equal(time.pending, 0);
  lag.watchClosely();
  lag.start(stop.signal);
  assert.equal(time.pending, 0);
});

Deno.test("event loop lag: code that does not hand back is seen in the real loop", async () => {
  const lag = new EventLoopLag({ clock: systemClock, monotonic: () => performance.now() });
  const stop = new AbortController();
  lag.start(stop.signal);
  lag.watchClosely();
  const until = performance.now() + 200;
  while (performance.now() < until);
  await new Promise((resolve) => setTimeout(resolve, 30));
  stop.abort();
  assert.ok(lag.longestMs >= 170, `${lag.longestMs}`);
});
