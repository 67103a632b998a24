import assert from "node:assert/strict";
import fc from "fast-check";
import { PLACES } from "../../../src/controller/controller.ts";
import {
  type Slot,
  type Work,
  WorkQueue,
  type WorkQueueOptions,
} from "../../../src/controller/queue.ts";
import { Breather } from "../../../src/runtime/time/breather.ts";
import { sleep } from "../../../src/runtime/time/clock.ts";
import { FakeTime } from "../kubernetes/fake_time.ts";
import { BusyLoop } from "../runtime/time/busy_loop.ts";

/** A queue of keys each of which is a namespace, unless it is written `namespace/rest`. */
function queueOf(
  time: Pick<FakeTime, "clock" | "elapsed">,
  places: number,
  work: Work,
  options: Partial<WorkQueueOptions> = {},
): WorkQueue {
  return new WorkQueue({
    places: { places },
    clock: time.clock,
    monotonic: time.elapsed,
    breather: new Breather({ clock: time.clock, monotonic: time.elapsed }),
    namespaceOf: (key) => key.split("/")[0]!,
    urgencyOf: () => undefined,
    work,
    ...options,
  });
}

/** A queue whose work is told when to end. */
function rig(concurrency = 2) {
  const time = new FakeTime();
  const log: string[] = [];
  const ends = new Map<string, (error?: Error) => void>();
  const slots = new Map<string, Slot>();
  const stop = new AbortController();
  const queue = queueOf(time, concurrency, (key, slot) => {
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
      const queue = queueOf(time, concurrency, async (key, slot) => {
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
  const queue = queueOf(new FakeTime(), 2, async (_key, slot) => {
    await slot.outside(() => Promise.resolve());
    if (++worked === 20_000) end.abort();
  });
  for (let index = 0; index < 20_000; index++) queue.add(`${index}`);
  await queue.run(end.signal);
  assert.equal(worked, 20_000);
});

Deno.test("queue: namespaces take turns, however many keys one of them has", async () => {
  const { queue, log, end, stop } = rig(1);
  const running = queue.run(stop.signal);
  for (const key of ["begun/1", "a/1", "a/2", "a/3", "b/1", "c/1"]) queue.add(key);
  const order = ["begun/1", "a/1", "b/1", "c/1", "a/2", "a/3"];
  for (const key of order) await end(key);
  assert.deepEqual(log.filter((line) => line.startsWith("+")), order.map((key) => `+${key}`));
  stop.abort();
  await running;
});

Deno.test("queue: a namespace whose work hangs leaves places for others", async () => {
  const { queue, log, end, stop, slots } = rig(32);
  const running = queue.run(stop.signal);
  for (let index = 0; index < 300; index++) queue.add(`slow/${index}`);
  assert.equal(queue.working, 24);
  for (let index = 0; index < 20; index++) {
    queue.add(`other-${index}/1`);
    assert.equal(log.at(-1), `+other-${index}/1`);
    await end(`other-${index}/1`);
  }
  assert.equal(queue.working, 24);
  for (const key of slots.keys()) if (key.startsWith("slow")) await end(key);
  stop.abort();
  await end("slow/24");
  for (const key of slots.keys()) await end(key);
  await running;
});

Deno.test("queue: what expires soon goes before all else, in places of its own if need be", async () => {
  const time = new FakeTime();
  const now = time.clock.now();
  const log: string[] = [];
  const ends: (() => void)[] = [];
  const expiries: Record<string, number> = { "b/soon": now + 60_000, "c/sooner": now + 30_000 };
  const queue = queueOf(time, 1, (key) => {
    log.push(key);
    const { promise, resolve } = Promise.withResolvers<void>();
    ends.push(resolve);
    return promise;
  }, {
    places: { places: 1, forUrgent: 1 },
    urgencyOf: (key) => {
      const until = expiries[key];
      return until === undefined ? undefined : { from: until - 60_000, until };
    },
  });
  const stop = new AbortController();
  const running = queue.run(stop.signal);
  for (const key of ["a/1", "a/2", "b/soon", "c/sooner"]) queue.add(key);
  assert.deepEqual(log, ["a/1", "b/soon"], "the place for the urgent is one more");
  ends.shift()!();
  await time.pass(0);
  assert.deepEqual(log, ["a/1", "b/soon", "c/sooner"], "before what came earlier");
  stop.abort();
  ends.forEach((end) => end());
  await running;
});

Deno.test("queue: what waits goes first once it expires soon, or is found to", async () => {
  const time = new FakeTime();
  const until = time.clock.now() + 60_000;
  const log: string[] = [];
  let known = false;
  const end = Promise.withResolvers<void>();
  const queue = queueOf(time, 1, async (key) => {
    log.push(key);
    if (key === "a/1") await end.promise;
  }, {
    urgencyOf: (key) => {
      if (key === "b/ripens") return { from: until - 10_000, until };
      return key === "c/told" && known ? { from: 0, until: until + 1 } : undefined;
    },
  });
  const stop = new AbortController();
  const running = queue.run(stop.signal);
  for (const key of ["a/1", "a/2", "c/told", "b/ripens"]) queue.add(key);
  await time.pass(50_000);
  known = true;
  queue.add("c/told");
  end.resolve();
  await time.pass(0);
  assert.deepEqual(log, ["a/1", "b/ripens", "c/told", "a/2"]);
  stop.abort();
  await running;
});

Deno.test("queue: who comes back has a place before those of its namespace that came later", async () => {
  const { queue, log, end, slots, stop, time } = rig(1);
  const running = queue.run(stop.signal);
  queue.add("a/1");
  const { promise, resolve } = Promise.withResolvers<void>();
  let back = false;
  const outside = slots.get("a/1")!.outside(() => promise).then(() => back = true);
  for (const key of ["a/2", "a/3"]) queue.add(key);
  resolve();
  await time.pass(0);
  await end("a/2");
  assert.deepEqual([back, log], [true, ["+a/1", "+a/2", "-a/2"]]);
  await outside;
  await end("a/1");
  await end("a/3");
  stop.abort();
  await running;
});

for (
  const { what, places, work } of [
    { what: "have nothing to do", places: 32, work: async () => {} },
    {
      what: "only wait for what is there",
      places: 2,
      work: async (_key: string, slot: Slot) => await slot.outside(() => Promise.resolve()),
    },
  ]
) {
  Deno.test(`queue: 5,000 keys that ${what} let the event loop turn every few ms`, async () => {
    const loop = new BusyLoop();
    let worked = 0;
    const queue = queueOf(new FakeTime(), places, async (key, slot) => {
      loop.now += 1;
      await work(key, slot);
      worked++;
    }, loop);
    for (let index = 0; index < 5000; index++) queue.add(`a/${index}`);
    const stop = new AbortController();
    const running = queue.run(stop.signal);
    assert.ok(await loop.turnUntil(() => worked === 5000));
    assert.ok(loop.longest <= 10, `${loop.longest} ms in one turn`);
    stop.abort();
    await running;
  });
}

Deno.test("queue: 5,000 keys that one change asks for let the event loop turn, too", async () => {
  const loop = new BusyLoop();
  const queue = queueOf(new FakeTime(), 1, () => Promise.resolve(), {
    breather: loop.breather,
    monotonic: loop.monotonic,
    urgencyOf: () => void loop.now++,
  });
  const stop = new AbortController();
  const running = queue.run(stop.signal);
  await loop.turn();
  loop.longest = 0;
  for (let index = 0; index < 5000; index++) queue.add(`a/${index}`);
  assert.ok(await loop.turnUntil(() => queue.depth === 0));
  assert.ok(loop.longest <= 10, `${loop.longest} ms in one turn`);
  stop.abort();
  await running;
});

const MINUTE = 60_000;

Deno.test("queue: work that stands in its place is stuck, however much else moves on", async () => {
  const { queue, end, slots, stop, time } = rig();
  const running = queue.run(stop.signal);
  queue.add("a");
  for (let index = 0; index < 15; index++) {
    assert.equal(queue.stuck(), undefined);
    await time.pass(MINUTE);
    queue.add("b");
    await end("b");
  }
  assert.equal(queue.stuck(), "work on a has lasted for 900 s");
  slots.get("a")!.caughtUp();
  assert.equal(queue.stuck(), undefined, "it begins a further pass");
  await end("a");
  stop.abort();
  await running;
});

Deno.test("queue: those who wait outside are not stuck while some come back, hours later, too", async () => {
  const { queue, end, slots, stop, time } = rig();
  const running = queue.run(stop.signal);
  const keys = Array.from({ length: 40 }, (_, index) => `${index}`);
  const waits = keys.map((key) => {
    queue.add(key);
    const { promise, resolve } = Promise.withResolvers<void>();
    return { key, resolve, over: slots.get(key)!.outside(() => promise, "team/account") };
  });
  for (const { key, resolve, over } of waits) {
    await time.pass(14 * MINUTE);
    assert.equal(queue.stuck(), undefined);
    resolve();
    await over;
    await end(key);
  }
  await time.pass(60 * MINUTE);
  assert.equal(queue.stuck(), undefined, "there is nothing to do");
  queue.add("late");
  assert.equal(queue.stuck(), undefined, "and now there has just begun to be");
  await end("late");
  stop.abort();
  await running;
});

Deno.test("queue: a wait that never ends is stuck where nothing else moves", async () => {
  const { queue, end, slots, stop, time } = rig();
  const running = queue.run(stop.signal);
  queue.add("a");
  const { promise, resolve } = Promise.withResolvers<void>();
  const outside = slots.get("a")!.outside(() => promise);
  await time.pass(15 * MINUTE);
  assert.equal(queue.stuck(), "work on a has lasted for 900 s");
  resolve();
  await outside;
  assert.equal(queue.stuck(), undefined);
  await end("a");
  stop.abort();
  await running;
});

Deno.test("queue: a wait that never ends is stuck where others for the same would long have moved", async () => {
  const { queue, end, slots, stop, time } = rig();
  const running = queue.run(stop.signal);
  queue.add("a");
  const { promise, resolve } = Promise.withResolvers<void>();
  const outside = slots.get("a")!.outside(() => promise, "team/account");
  for (let minute = 0; minute < 60; minute += 10) {
    assert.equal(queue.stuck(), undefined);
    queue.add("b");
    await end("b");
    await time.pass(10 * MINUTE);
  }
  assert.equal(
    queue.stuck(),
    "of 1 that wait for team/account none has come back for 3600 s",
  );
  resolve();
  await outside;
  await end("a");
  stop.abort();
  await running;
});

Deno.test("queue: a wait that is in no line may be as long as its turn is far, while others move", async () => {
  const { queue, end, slots, stop, time } = rig();
  const running = queue.run(stop.signal);
  queue.add("a");
  const { promise, resolve } = Promise.withResolvers<void>();
  const outside = slots.get("a")!.outside(() => promise);
  for (let hour = 0; hour < 10; hour++) {
    for (let quarter = 0; quarter < 4; quarter++) {
      await time.pass(14 * MINUTE);
      assert.equal(queue.stuck(), undefined);
      queue.add("b");
      await end("b");
    }
  }
  resolve();
  await outside;
  await end("a");
  stop.abort();
  await running;
});

Deno.test("queue: work is not stuck in its place while each step of it takes its time", async () => {
  const { queue, end, slots, stop, time } = rig();
  const running = queue.run(stop.signal);
  queue.add("a");
  for (let step = 0; step < 40; step++) {
    slots.get("a")!.moved();
    await time.pass(MINUTE);
    assert.equal(queue.stuck(), undefined);
  }
  queue.add("a");
  slots.get("a")!.moved();
  assert.equal(queue.depth, 1, "what it was asked for meanwhile is still to be done");
  await time.pass(15 * MINUTE);
  assert.equal(queue.stuck(), "work on a has lasted for 900 s");
  await end("a");
  await end("a");
  stop.abort();
  await running;
});

for (const namespaces of [36, 80]) {
  Deno.test(`queue: the urgent of ${namespaces} namespaces leave places to the others`, async () => {
    const time = new FakeTime();
    const stop = new AbortController();
    let quietAt: number | undefined;
    const queue = queueOf(time, 0, async (key) => {
      if (key === "quiet/new") quietAt = time.elapsed();
      else await sleep(time.clock, MINUTE, stop.signal).catch(() => {});
    }, {
      places: PLACES,
      urgencyOf: (key) => key === "quiet/new" ? undefined : { from: 0, until: 5 * MINUTE },
    });
    const running = queue.run(stop.signal);
    for (let index = 0; index < 20 * namespaces; index++) {
      queue.add(`noisy-${index % namespaces}/${index}`);
    }
    await time.pass(1000);
    const askedAt = time.elapsed();
    queue.add("quiet/new");
    await time.pass(1000);
    assert.equal(quietAt, askedAt);
    stop.abort();
    await running;
  });
}

for (
  const { namespaces, isUrgent, places } of [
    { namespaces: 1, isUrgent: false, places: 16 },
    { namespaces: 2, isUrgent: false, places: 24 },
    { namespaces: 4, isUrgent: false, places: 30 },
    { namespaces: 2, isUrgent: true, places: 21 },
  ]
) {
  const what = isUrgent ? "urgent keys" : "keys";
  Deno.test(`queue: ${what} of ${namespaces} namespaces that hang hold ${places} places of the controller's`, async () => {
    const time = new FakeTime();
    const stop = new AbortController();
    let [begun, dueAt] = [0, -1];
    const queue = queueOf(time, 0, async (key) => {
      if (key === "quiet/due") return void (dueAt = time.elapsed());
      begun++;
      await sleep(time.clock, MINUTE, stop.signal).catch(() => {});
    }, {
      places: PLACES,
      urgencyOf: () => isUrgent ? { from: 0, until: 5 * MINUTE } : undefined,
    });
    const running = queue.run(stop.signal);
    for (let index = 0; index < 40 * namespaces; index++) {
      queue.add(`noisy-${Math.floor(index / 40)}/${index}`);
    }
    await time.pass(1000);
    assert.equal(begun, places);
    queue.add("quiet/due");
    await time.pass(1000);
    assert.equal(dueAt, 1000);
    stop.abort();
    await running;
  });
}

Deno.test("queue: keys that nobody works on are stuck, and none are before it runs", async () => {
  const loop = new BusyLoop();
  const queue = queueOf(new FakeTime(), 1, () => Promise.resolve(), {
    breather: loop.breather,
    monotonic: loop.monotonic,
    urgencyOf: () => void (loop.now += 11),
  });
  for (const key of ["a", "b", "c"]) queue.add(key);
  loop.now += 60 * MINUTE;
  assert.equal(queue.stuck(), undefined);
  const stop = new AbortController();
  const running = queue.run(stop.signal);
  // Nobody turns this loop, so that a pause never ends.
  loop.now += 15 * MINUTE;
  assert.match(queue.stuck()!, /^nothing has moved for 9\d\d s, and \d bindings wait$/);
  stop.abort();
  await running;
});

Deno.test("queue: of one namespace so much is begun and no more, but for what is urgent; others begin, and what was begun goes on", async () => {
  const time = new FakeTime();
  const answers = new Map<string, () => void>();
  const begun: string[] = [];
  const ended: string[] = [];
  const queue = queueOf(time, 32, async (key, slot) => {
    begun.push(key);
    await slot.outside(() => new Promise<void>((resolve) => answers.set(key, resolve)));
    ended.push(key);
  }, {
    urgencyOf: (key) => key.endsWith("due") ? { from: 0, until: time.clock.now() } : undefined,
  });
  const stop = new AbortController();
  const running = queue.run(stop.signal);
  for (let n = 0; n < 2_000; n++) queue.add(`busy/${n}`);
  await time.pass(0);
  assert.equal(begun.length, 512);
  queue.add("quiet/new");
  queue.add("busy/due");
  await time.pass(0);
  assert.deepEqual(begun.slice(512), ["quiet/new", "busy/due"]);
  answers.get("busy/due")!();
  await time.pass(0);
  assert.deepEqual([ended, begun.length], [["busy/due"], 514]);
  answers.get("busy/7")!();
  answers.get("busy/8")!();
  await time.pass(0);
  assert.deepEqual([ended, begun.slice(514)], [["busy/due", "busy/7", "busy/8"], [
    "busy/512",
    "busy/513",
  ]]);
  stop.abort();
  for (const answer of answers.values()) answer();
  await running;
});
