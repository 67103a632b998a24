import assert from "node:assert/strict";
import fc from "fast-check";
import { type Slot, WorkQueue } from "../../../src/controller/queue.ts";
import { sleep } from "../../../src/runtime/clock.ts";
import { FakeTime } from "../kubernetes/fake_time.ts";

/** A queue whose work is told when to end. */
function rig(concurrency = 2) {
  const time = new FakeTime();
  const log: string[] = [];
  const ends = new Map<string, (error?: Error) => void>();
  const slots = new Map<string, Slot>();
  const stop = new AbortController();
  const queue = new WorkQueue(concurrency, time.elapsed, (key, slot) => {
    log.push(`+${key}`);
    slots.set(key, slot);
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    ends.set(key, (error) => error === undefined ? resolve() : reject(error));
    return promise.finally(() => log.push(`-${key}`));
  });
  const end = async (key: string, error?: Error) => {
    ends.get(key)!(error);
    await time.pass(0);
  };
  return { time, queue, log, end, slots, stop };
}

Deno.test("queue: nothing is worked on before it runs, and all of it then", async () => {
  const { queue, log, end, stop } = rig();
  queue.add("a");
  assert.deepEqual([log, queue.depth], [[], 1]);
  const running = queue.run(stop.signal);
  assert.deepEqual([log, queue.depth, queue.working], [["+a"], 0, 1]);
  await end("a");
  stop.abort();
  await running;
});

Deno.test("queue: a key that comes again while it waits counts once", async () => {
  const { queue, log, end, stop } = rig(1);
  const running = queue.run(stop.signal);
  for (const key of ["a", "b", "b", "c", "b"]) queue.add(key);
  assert.equal(queue.depth, 2);
  for (const key of ["a", "b", "c"]) await end(key);
  assert.deepEqual(log, ["+a", "-a", "+b", "-b", "+c", "-c"]);
  stop.abort();
  await running;
});

Deno.test("queue: what the work has caught up with calls for no further work, what comes later does", async () => {
  const { queue, log, end, slots, stop } = rig();
  const running = queue.run(stop.signal);
  queue.add("a");
  queue.add("a");
  slots.get("a")!.caughtUp();
  await end("a");
  assert.deepEqual([log, queue.depth, queue.working], [["+a", "-a"], 0, 0]);
  queue.add("a");
  queue.add("a");
  slots.get("a")!.caughtUp();
  queue.add("a");
  await end("a");
  await end("a");
  assert.deepEqual(log, ["+a", "-a", "+a", "-a", "+a", "-a"]);
  stop.abort();
  await running;
});

Deno.test("queue: a key that comes while it is worked on is worked on once more, afterwards", async () => {
  const { queue, log, end, stop } = rig();
  const running = queue.run(stop.signal);
  for (const key of ["a", "a", "a", "b"]) queue.add(key);
  assert.deepEqual(log, ["+a", "+b"]);
  await end("a");
  await end("a");
  await end("b");
  assert.deepEqual(log, ["+a", "+b", "-a", "+a", "-a", "-b"]);
  stop.abort();
  await running;
});

Deno.test("queue: who gives the place up lets another in, and waits for a place to come back", async () => {
  const { queue, log, end, slots, stop, time } = rig(1);
  const running = queue.run(stop.signal);
  queue.add("a");
  queue.add("b");
  const { promise, resolve } = Promise.withResolvers<string>();
  let answer: string | undefined;
  const outside = slots.get("a")!.outside(() => promise).then((value) => answer = value);
  assert.deepEqual(log, ["+a", "+b"]);
  resolve("minted");
  await time.pass(0);
  assert.equal(answer, undefined, "b has the only place");
  await end("b");
  assert.equal(answer, "minted");
  queue.add("c");
  assert.deepEqual(log, ["+a", "+b", "-b"], "a has its place again");
  await outside;
  await end("a");
  assert.deepEqual(log.slice(3), ["-a", "+c"]);
  await end("c");
  stop.abort();
  await running;
});

Deno.test("queue: what fails outside comes back with its failure", async () => {
  const { queue, end, slots, stop } = rig(1);
  const running = queue.run(stop.signal);
  queue.add("a");
  await assert.rejects(slots.get("a")!.outside(() => Promise.reject(new Error("boom"))), /boom/);
  await end("a");
  stop.abort();
  await running;
});

Deno.test("queue: an abort lets the work under way end, outside too, and begins no other", async () => {
  const { queue, log, end, slots, stop, time } = rig(1);
  let ended = false;
  const running = queue.run(stop.signal).then(() => ended = true);
  queue.add("a");
  const { promise, resolve } = Promise.withResolvers<void>();
  const outside = slots.get("a")!.outside(() => promise);
  stop.abort();
  await time.pass(0);
  queue.add("b");
  assert.deepEqual([log, ended, queue.depth], [["+a"], false, 1]);
  resolve();
  await outside;
  assert.equal(ended, false);
  await end("a");
  await running;
  assert.deepEqual([log, ended], [["+a", "-a"], true]);
});

Deno.test("queue: an abort while nothing is under way ends it at once", async () => {
  const { queue, stop } = rig();
  const running = queue.run(stop.signal);
  stop.abort();
  await running;
  await queue.run(AbortSignal.abort());
});

Deno.test("queue: an error that work does not handle ends the queue once all work has ended", async () => {
  const { queue, log, end, stop } = rig();
  const boom = new Error("boom");
  const running = assert.rejects(queue.run(stop.signal), boom);
  queue.add("a");
  queue.add("b");
  await end("a", boom);
  await end("b");
  await running;
  assert.deepEqual(log, ["+a", "+b", "-a", "-b"]);
});

Deno.test("queue: it tells of the work that has lasted longest", async () => {
  const { queue, end, stop, time } = rig();
  const running = queue.run(stop.signal);
  assert.equal(queue.longest(), undefined);
  queue.add("a");
  await time.pass(1000);
  queue.add("b");
  await time.pass(500);
  assert.deepEqual(queue.longest(), { key: "a", forMs: 1500 });
  await end("a");
  assert.deepEqual(queue.longest(), { key: "b", forMs: 500 });
  await end("b");
  stop.abort();
  await running;
});

Deno.test("property: one worker a key, never too many at once, and no key is forgotten", async () => {
  const step = fc.record({
    key: fc.constantFrom("a", "b", "c", "d", "e"),
    waitMs: fc.nat({ max: 20 }),
    insideMs: fc.nat({ max: 30 }),
    outsideMs: fc.option(fc.nat({ max: 60 })),
  });
  const schedule = fc.array(step, { minLength: 1, maxLength: 40 });
  await fc.assert(
    fc.asyncProperty(schedule, fc.integer({ min: 1, max: 3 }), async (steps, concurrency) => {
      const time = new FakeTime();
      const plans = new Map<string, typeof steps>();
      const working = new Set<string>();
      /** Keys that were asked for and not begun since. */
      const owed = new Set<string>();
      let places = 0;
      const queue = new WorkQueue(concurrency, time.elapsed, async (key, slot) => {
        assert.ok(!working.has(key), `two workers for ${key}`);
        working.add(key);
        owed.delete(key);
        const { insideMs = 1, outsideMs = null } = plans.get(key)?.shift() ?? {};
        const inside = async () => {
          assert.ok(++places <= concurrency, "too many at once");
          await sleep(time.clock, insideMs);
          places--;
        };
        await inside();
        if (outsideMs !== null) {
          await slot.outside(() => sleep(time.clock, outsideMs));
          await inside();
        }
        working.delete(key);
      });
      const stop = new AbortController();
      const running = queue.run(stop.signal);
      for (const each of steps) {
        await time.pass(each.waitMs);
        plans.set(each.key, [...(plans.get(each.key) ?? []), each]);
        owed.add(each.key);
        queue.add(each.key);
      }
      await time.pass(10_000);
      assert.deepEqual([[...owed], queue.depth, queue.working], [[], 0, 0]);
      stop.abort();
      await running;
    }),
    { numRuns: 100 },
  );
});

Deno.test("queue: work that gives its place up at once nests no stack, however many keys wait", async () => {
  const end = new AbortController();
  let worked = 0;
  const queue = new WorkQueue(2, () => 0, async (_key, slot) => {
    await slot.outside(() => Promise.resolve());
    if (++worked === 20_000) end.abort();
  });
  for (let index = 0; index < 20_000; index++) queue.add(`${index}`);
  await queue.run(end.signal);
  assert.equal(worked, 20_000);
});
