import assert from "node:assert/strict";
import fc from "fast-check";
import { IMDS_LIMITS, Limiter, type Limits } from "../../../src/azure/limiter.ts";
import { sleep } from "../../../src/runtime/time/clock.ts";
import { FakeTime } from "../kubernetes/fake_time.ts";
import { rejection } from "./support.ts";

const { signal: NEVER } = new AbortController();

const WINDOW: Limits = { calls: 19, windowMs: 1000, concurrent: 4 };

/** Calls through a limiter, each recorded with its start. */
function rig(limits: Limits = WINDOW) {
  const time = new FakeTime();
  const limiter = new Limiter(limits, time.clock);
  const starts: number[] = [];
  let underWay = 0;
  let most = 0;
  const call = async (durationMs: number) => {
    starts.push(time.elapsed());
    most = Math.max(most, ++underWay);
    await sleep(time.clock, durationMs);
    underWay--;
  };
  const run = (durationMs: number, signal: AbortSignal = NEVER) =>
    limiter.run(signal, () => call(durationMs));
  return { time, limiter, starts, run, most: () => most };
}

Deno.test("limiter: calls within the limits start at once, in their order", async () => {
  const { time, starts, run } = rig();
  const calls = [run(10), run(10), run(10), run(10)];
  await time.pass(10);
  await Promise.all(calls);
  assert.deepEqual(starts, [0, 0, 0, 0]);
});

Deno.test("limiter: a fifth call waits for the end of one", async () => {
  const { time, starts, run } = rig();
  const calls = [run(30), run(20), run(50), run(50), run(1), run(1)];
  await time.pass(100);
  await Promise.all(calls);
  assert.deepEqual(starts, [0, 0, 0, 0, 20, 21]);
});

Deno.test("limiter: a twentieth call waits for the first to be a second old", async () => {
  const { time, starts, run } = rig();
  const calls = Array.from({ length: 21 }, () => run(1));
  await time.pass(3000);
  await Promise.all(calls);
  assert.deepEqual(starts.slice(18), [4, 1000, 1000]);
});

Deno.test("limiter: calls to IMDS are paced, so that delays on the way make no burst of them", async () => {
  const { time, starts, run } = rig(IMDS_LIMITS);
  const calls = Array.from({ length: 40 }, () => run(30));
  await time.pass(4000);
  await Promise.all(calls);
  const paced = Array.from({ length: 40 }, (_, index) => Math.floor(index / 2) * 200);
  assert.deepEqual(starts, paced);
});

Deno.test("limiter: a call that is made once more counts again, and needs no further place", async () => {
  const { time, limiter, starts } = rig({ calls: 1, windowMs: 100, concurrent: 2 });
  const call = async () => {
    starts.push(time.elapsed());
    await limiter.again(NEVER);
    starts.push(time.elapsed());
  };
  const calls = Array.from({ length: 3 }, () => limiter.run(NEVER, call));
  await time.pass(2000);
  await Promise.all(calls);
  assert.equal(starts.length, 6);
  assert.ok(mostIn(100, starts) <= 1, `${starts}`);
});

Deno.test("limiter: a pause holds every call back, and none is lost", async () => {
  const { time, limiter, starts, run } = rig();
  limiter.pause(5000);
  const calls = [run(1), run(1)];
  await time.pass(4999);
  assert.deepEqual(starts, []);
  await time.pass(10);
  await Promise.all(calls);
  assert.deepEqual(starts, [5000, 5000]);
});

Deno.test("limiter: a shorter pause does not cut a longer one", async () => {
  const { time, limiter, starts, run } = rig();
  limiter.pause(5000);
  limiter.pause(10);
  const call = run(1);
  await time.pass(6000);
  await call;
  assert.deepEqual(starts, [5000]);
});

Deno.test("limiter: a pause that comes while calls wait holds those back, too", async () => {
  const { time, limiter, starts, run } = rig({ calls: 1, windowMs: 1000, concurrent: 9 });
  const calls = [run(1), run(1)];
  await time.pass(500);
  limiter.pause(3000);
  await time.pass(4000);
  await Promise.all(calls);
  assert.deepEqual(starts, [0, 3500]);
});

for (
  const [what, hours] of [["set back", -1], ["set forward", 1]] as const
) {
  Deno.test(`limiter: a clock that is ${what} by an hour holds no call back for longer`, async () => {
    const time = new FakeTime();
    let skewMs = 0;
    const limits = { calls: 4, windowMs: 250, concurrent: 4 };
    const limiter = new Limiter(limits, time.skewed(() => skewMs));
    const starts: number[] = [];
    const run = () => limiter.run(NEVER, () => Promise.resolve(void starts.push(time.elapsed())));
    const calls = Array.from({ length: 5 }, run);
    await time.pass(100);
    skewMs = hours * 3_600_000;
    calls.push(run());
    await time.pass(300);
    limiter.pause(2000);
    calls.push(run());
    await time.pass(100);
    skewMs = 0;
    await time.pass(2000);
    await Promise.all(calls);
    assert.deepEqual(starts.slice(0, 4), [0, 0, 0, 0]);
    assert.ok(starts[5]! <= 250, `${starts}`);
    assert.ok(starts[6]! <= 2400, `${starts}`);
    assert.equal(starts.length, 7);
  });
}

Deno.test("limiter: what a call answers or throws is passed on, and its place is free again", async () => {
  const { time, limiter } = rig({ calls: 9, windowMs: 1000, concurrent: 1 });
  const boom = new Error("boom");
  const failed = rejection<Error>(limiter.run(NEVER, () => Promise.reject(boom)));
  const answered = limiter.run(NEVER, () => Promise.resolve(7));
  await time.pass(1);
  assert.deepEqual([await failed, await answered], [boom, 7]);
});

for (
  const [why, limits] of [
    ["waiting for a place", { calls: 9, windowMs: 1000, concurrent: 1 }],
    ["waiting for the window", { calls: 1, windowMs: 1000, concurrent: 9 }],
  ] as const
) {
  Deno.test(`limiter: an abort while ${why} frees the turn for those behind`, async () => {
    const { time, starts, run } = rig(limits);
    const stop = new AbortController();
    const reason = new Error("gives up");
    const first = run(400);
    const second = rejection<Error>(run(1, stop.signal));
    const third = run(1);
    await time.pass(100);
    stop.abort(reason);
    assert.equal(await second, reason);
    await time.pass(2000);
    await Promise.all([first, third]);
    assert.deepEqual(starts, [0, limits.concurrent === 1 ? 400 : 1000]);
    assert.equal(time.pending, 0);
  });
}

Deno.test("limiter: a caller that aborts behind others takes no place when its turn comes", async () => {
  const { time, starts, run } = rig({ calls: 1, windowMs: 1000, concurrent: 9 });
  const reason = new Error("gives up");
  const stop = new AbortController();
  const calls = [run(1), run(1)];
  const aborted = rejection<Error>(run(1, stop.signal));
  const last = run(1);
  stop.abort(reason);
  await time.pass(5000);
  assert.equal(await aborted, reason);
  await Promise.all([...calls, last]);
  assert.deepEqual(starts, [0, 1000, 2000]);
});

interface Step {
  readonly waitMs: number;
  readonly calls: number;
  readonly durationMs: number;
  readonly abortAfterMs: number | undefined;
  readonly pauseMs: number | undefined;
}

const step: fc.Arbitrary<Step> = fc.record({
  waitMs: fc.nat({ max: 300 }),
  calls: fc.integer({ min: 1, max: 25 }),
  durationMs: fc.nat({ max: 400 }),
  abortAfterMs: fc.option(fc.nat({ max: 500 }), { nil: undefined, freq: 6 }),
  pauseMs: fc.option(fc.nat({ max: 700 }), { nil: undefined, freq: 6 }),
});

/** Plays steps through a limiter. Answers the starts, and how many calls were under way at most. */
async function play(limits: Limits, steps: readonly Step[]) {
  const { time, limiter, starts, run, most } = rig(limits);
  const calls: Promise<unknown>[] = [];
  let aborted = 0;
  for (const { waitMs, calls: count, durationMs, abortAfterMs, pauseMs } of steps) {
    await time.pass(waitMs);
    if (pauseMs !== undefined) limiter.pause(pauseMs);
    const stop = new AbortController();
    for (let n = 0; n < count; n++) {
      calls.push(run(durationMs, stop.signal).catch(() => aborted++));
    }
    if (abortAfterMs !== undefined) time.clock.after(abortAfterMs, () => stop.abort());
  }
  await time.pass(60_000);
  await Promise.all(calls);
  // Each call either ran or gave up: none was forgotten.
  assert.ok(starts.length + aborted >= calls.length);
  assert.equal(time.pending, 0);
  return { starts, most: most() };
}

function mostIn(windowMs: number, starts: readonly number[]): number {
  const counts = starts.map((at) =>
    starts.filter((start) => start >= at && start < at + windowMs).length
  );
  return Math.max(0, ...counts);
}

Deno.test("property: never more starts in any window, nor more at once, than the limits allow", async () => {
  const limits = fc.constantFrom(WINDOW, { calls: 3, windowMs: 250, concurrent: 2 });
  await fc.assert(
    fc.asyncProperty(
      limits,
      fc.array(step, { minLength: 1, maxLength: 6 }),
      async (kept, steps) => {
        const { starts, most } = await play(kept, steps);
        assert.ok(most <= kept.concurrent, `${most} at once`);
        assert.ok(mostIn(kept.windowMs, starts) <= kept.calls, `${starts}`);
      },
    ),
    { numRuns: 60 },
  );
});

Deno.test("property: IMDS's own limits are kept, and half of its requests left to other pods", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 4 }), async (steps) => {
      const { starts, most } = await play(IMDS_LIMITS, steps);
      assert.ok(most <= 5, `${most} at once`);
      assert.ok(mostIn(1000, starts) <= 10, `${starts}`);
    }),
    { numRuns: 30 },
  );
});
