import assert from "node:assert/strict";
import fc from "fast-check";
import { AzureError, type AzureFailure } from "../../../src/azure/errors.ts";
import { Askers } from "../../../src/azure/askers.ts";
import { HostLimiter } from "../../../src/azure/host_limiter.ts";
import {
  DIRECT_LIMITS,
  type HostLimits,
  type HostState,
  type Places,
  PROXIED_LIMITS,
} from "../../../src/azure/host_limits.ts";
import { sleep } from "../../../src/runtime/time/clock.ts";
import { FakeTime } from "../kubernetes/fake_time.ts";
import { rejection, settle } from "./support.ts";

let callers = 0;

/** One that shares with nobody: each call of these tests is of another namespace, if not said. */
function somebody(): Askers {
  return new Askers([{ namespace: `n${callers++}` }]);
}

/** Where nothing is said of hosts that are not known to answer, they have the places of those that are. */
function rig({ together, perHost, ...others }: Places & Partial<HostLimits>) {
  const time = new FakeTime();
  const stop = new AbortController();
  const places = { together, perHost };
  const limits = { ...places, unknown: places, silent: places, ...others };
  const limiter = new HostLimiter(limits, time.clock, stop.signal);
  const starts: [string, number][] = [];
  const underWay = new Map<string, number>();
  let most = 0;
  let mostOfOne = 0;
  const run = (
    host: string,
    durationMs: number,
    failure?: unknown,
    caller: Askers = somebody(),
  ) =>
    limiter.run(host, async () => {
      starts.push([host, time.elapsed()]);
      underWay.set(host, 1 + (underWay.get(host) ?? 0));
      most = Math.max(most, [...underWay.values()].reduce((sum, each) => sum + each, 0));
      mostOfOne = Math.max(mostOfOne, underWay.get(host)!);
      await sleep(time.clock, durationMs);
      underWay.set(host, underWay.get(host)! - 1);
      if (failure !== undefined) throw failure;
      return host;
    }, caller);
  return { time, limiter, starts, run, stop, most: () => most, mostOfOne: () => mostOfOne };
}

/** One call at a time to a host that is not known to answer. */
const WARY: HostLimits = {
  together: 9,
  perHost: 3,
  unknown: { together: 9, perHost: 1 },
  silent: { together: 9, perHost: 1 },
};

function failure(change: Partial<AzureFailure> = {}): AzureError {
  return new AzureError({
    endpoint: "exchange",
    host: "dead.azurecr.io",
    class: "transient",
    reason: "Timeout",
    problem: "dead.azurecr.io did not answer within 30 s",
    remedy: "Check it.",
    ...change,
  });
}

Deno.test("host limiter: calls to one host wait for one another, those to others do not", async () => {
  const { time, starts, run } = rig({ together: 9, perHost: 2 });
  const calls = [run("a", 10), run("a", 20), run("a", 5), run("b", 5), run("a", 5)];
  await time.pass(100);
  assert.deepEqual(await Promise.all(calls), ["a", "a", "a", "b", "a"]);
  assert.deepEqual(starts, [["a", 0], ["a", 0], ["b", 0], ["a", 10], ["a", 15]]);
});

Deno.test("host limiter: all hosts together keep to their own limit", async () => {
  const { time, starts, run } = rig({ together: 2, perHost: 2 });
  const calls = [run("a", 10), run("b", 20), run("c", 5), run("d", 5)];
  await time.pass(100);
  await Promise.all(calls);
  assert.deepEqual(starts, [["a", 0], ["b", 0], ["c", 10], ["d", 15]]);
});

Deno.test("host limiter: those that wait for a silent host share the failure of who found it so", async () => {
  const { time, starts, run } = rig({ together: 9, perHost: 1 });
  const silent = failure();
  const calls = [run("dead", 30_000, silent), run("dead", 1), run("dead", 1)].map(rejection);
  const other = run("b", 1);
  await time.pass(30_000);
  assert.deepEqual(await Promise.all(calls), [silent, silent, silent]);
  assert.equal(await other, "b");
  assert.deepEqual(starts, [["dead", 0], ["b", 0]]);
  const later = run("dead", 1);
  await time.pass(1);
  assert.equal(await later, "dead", "who comes after asks anew");
});

for (
  const [why, error] of [
    ["an answer that refuses", failure({ class: "auth-denied", status: 403 })],
    ["an answer that fails", failure({ status: 503 })],
    ["a failure of the API server's", failure({ endpoint: "tokenrequest" })],
    ["an error of another kind", new Error("boom")],
  ] as const
) {
  Deno.test(`host limiter: ${why} is nobody else's`, async () => {
    const { time, run } = rig({ together: 9, perHost: 1 });
    const failed = rejection(run("a", 10, error));
    const next = run("a", 1);
    await time.pass(100);
    assert.deepEqual([await failed, await next], [error, "a"]);
  });
}

Deno.test("host limiter: one call lost while others are answered is nobody else's", async () => {
  const { time, run } = rig({ together: 9, perHost: 2 });
  const failed = rejection(run("a", 30, failure()));
  const others = [run("a", 10), run("a", 10), run("a", 15), run("a", 1)];
  await time.pass(100);
  assert.equal((await failed as Error).name, "AzureError");
  assert.deepEqual(await Promise.all(others), ["a", "a", "a", "a"]);
});

Deno.test("host limiter: until a host has answered, few calls find out whether it does", async () => {
  const { time, starts, run } = rig(WARY);
  const calls = Array.from({ length: 5 }, () => run("a", 10));
  await time.pass(100);
  await Promise.all(calls);
  assert.deepEqual(starts.map(([, at]) => at), [0, 10, 10, 10, 20]);
});

Deno.test("host limiter: that a host answers is remembered while nobody asks it", async () => {
  const { time, starts, run } = rig(WARY);
  const first = run("a", 10);
  await time.pass(1000);
  const calls = [first, run("a", 10), run("a", 10)];
  await time.pass(1000);
  await Promise.all(calls);
  assert.deepEqual(starts.map(([, at]) => at), [0, 1000, 1000]);
});

Deno.test("host limiter: a host that went silent has to answer before it has its places again", async () => {
  const { time, starts, run } = rig(WARY);
  const first = run("a", 10);
  await time.pass(10);
  const silent = rejection(run("a", 20, failure()));
  await time.pass(90);
  await Promise.all([first, silent]);
  const calls = [run("a", 10), run("a", 10), run("a", 10)];
  await time.pass(100);
  await Promise.all(calls);
  assert.deepEqual(starts.slice(2).map(([, at]) => at), [100, 110, 110]);
});

for (
  const [what, error] of [
    ["a failure of the API server's", new Error("boom")],
    ["a token request that had no answer", failure({ endpoint: "tokenrequest" })],
    ["a host that Deno does not allow", failure({ class: "permanent-user-error" })],
  ] as const
) {
  Deno.test(`host limiter: ${what} says nothing of the host`, async () => {
    const { time, starts, run } = rig(WARY);
    const failed = rejection(run("a", 10, error));
    const calls = [run("a", 10), run("a", 10)];
    await time.pass(100);
    await Promise.all([failed, ...calls]);
    assert.deepEqual(starts.map(([, at]) => at), [0, 10, 20]);
  });
}

for (const [how, limits] of [["directly", DIRECT_LIMITS], ["by proxy", PROXIED_LIMITS]] as const) {
  Deno.test(`host limiter: ${how}, any number of dead registries leaves those that answer their places`, async () => {
    const { time, starts, run } = rig(limits);
    const proof = run("live", 1);
    await time.pass(1);
    await proof;
    const silent: Promise<unknown>[] = [];
    for (let dead = 0; dead < 300; dead++) {
      for (let n = 0; n < 20; n++) {
        silent.push(run(`dead${dead}`, 60_000, failure()).catch(() => {}));
      }
    }
    const places = limits.together - limits.unknown.together - limits.silent.together;
    const live = Array.from({ length: places }, () => run("live", 10));
    await time.pass(20);
    await Promise.all(live);
    const started = starts.filter(([host, at]) => host === "live" && at === 1).length;
    assert.equal(started, Math.min(places, limits.perHost));
    await time.pass(3_600_000);
    await Promise.all(silent);
    const calls = starts.filter(([host]) => host === "dead7").length;
    assert.ok(calls <= limits.unknown.perHost, "who waits shares the failure");
  });
}

Deno.test("host limiter: a host never asked does not wait for those that were found silent", async () => {
  const { time, starts, run } = rig({
    together: 9,
    perHost: 3,
    unknown: { together: 2, perHost: 1 },
    silent: { together: 2, perHost: 1 },
  });
  const dead = Array.from({ length: 6 }, (_, n) => `dead${n}`);
  const first = dead.map((host) => rejection(run(host, 10, failure())));
  await time.pass(100);
  const again = dead.map((host) => rejection(run(host, 60_000, failure())));
  const fresh = run("new", 10);
  await time.pass(10);
  assert.equal(await fresh, "new");
  await time.pass(200_000);
  await Promise.all([...first, ...again]);
  const atOnce = starts.filter(([host, at]) => host !== "new" && at === 100);
  assert.equal(atOnce.length, 2, "those that were silent share few places");
});

Deno.test("host limiter: a call is told what is known of its host", async () => {
  const { clock } = new FakeTime();
  const limiter = new HostLimiter(DIRECT_LIMITS, clock, new AbortController().signal);
  const states: HostState[] = [];
  const call = (error?: unknown) =>
    limiter.run("a", (state) => {
      states.push(state);
      return error === undefined ? Promise.resolve() : Promise.reject(error);
    });
  await call();
  await rejection(call(failure()));
  await call();
  await call();
  assert.deepEqual(states, ["unknown", "answers", "silent", "answers"]);
});

Deno.test("host limiter: namespaces that wait for places have them by turns", async () => {
  const { time, starts, run } = rig({ together: 1, perHost: 1 });
  const of = (namespace: string) => run(namespace, 10, undefined, new Askers([{ namespace }]));
  const first = ["a", "b", "c"].map(of);
  await time.pass(100);
  const calls = ["a", "a", "a", "b", "c"].map(of);
  await time.pass(100);
  await Promise.all([...first, ...calls]);
  assert.deepEqual(starts.slice(3).map(([host]) => host), ["a", "b", "c", "a", "a"]);
});

const of = (namespace: string, until?: number): Askers =>
  new Askers([until === undefined ? { namespace } : { namespace, urgency: { from: 0, until } }]);

/** A host that has answered has all its places from then on. */
async function known(host: string, { time, run }: ReturnType<typeof rig>): Promise<void> {
  const call = run(host, 0);
  await time.pass(0);
  await call;
}

Deno.test("host limiter: a namespace that is alone leaves places of a host to others", async () => {
  const all = rig({ together: 90, perHost: 32 });
  await known("a", all);
  const flood = Array.from({ length: 100 }, () => all.run("a", 10, undefined, of("flood")));
  const other = all.run("a", 10, undefined, of("other"));
  await all.time.pass(10);
  assert.equal(await other, "a");
  assert.equal(all.starts.filter(([, at]) => at === 0).length, 1 + 24 + 1);
  await all.time.pass(100);
  await Promise.all(flood);
});

Deno.test("host limiter: what another namespace wants, too, is served in its turn", async () => {
  const { time, starts, run } = rig({ together: 1, perHost: 1 });
  const first = run("a", 10, undefined, of("flood"));
  const flood = Array.from({ length: 20 }, (_, n) => run(`f${n}`, 10, undefined, of("flood")));
  const shared = of("flood");
  const last = run("shared", 10, undefined, shared);
  await time.pass(5);
  shared.join({ namespace: "other" });
  await time.pass(1000);
  await Promise.all([first, ...flood, last]);
  const at = starts.find(([host]) => host === "shared")![1];
  assert.ok(at <= 20, `served after ${at} ms`);
});

Deno.test("host limiter: what becomes urgent while it waits goes first", async () => {
  const { time, starts, run } = rig({ together: 1, perHost: 1 });
  const first = run("a", 10, undefined, of("n0"));
  const others = Array.from({ length: 9 }, (_, n) => run(`f${n}`, 10, undefined, of(`n${n}`)));
  const hastened = of("n10");
  const last = run("last", 10, undefined, hastened);
  await time.pass(5);
  hastened.join({ namespace: "n10", urgency: { from: 0, until: 1 } });
  await time.pass(1000);
  await Promise.all([first, ...others, last]);
  assert.deepEqual(starts[1], ["last", 10]);
});

Deno.test("host limiter: the urgent leave places to the others, whosever they are", async () => {
  const all = rig({ together: 90, perHost: 8, urgent: { together: 4, perHost: 2 } });
  await known("a", all);
  const urgent = Array.from(
    { length: 40 },
    (_, n) => all.run("a", 1000, undefined, of(`u${n}`, n)),
  );
  const others = [all.run("a", 10, undefined, of("x")), all.run("a", 10, undefined, of("y"))];
  await all.time.pass(20);
  assert.deepEqual(await Promise.all(others), ["a", "a"]);
  assert.equal(all.starts.length, 1 + 7 + 2 + 2);
  await all.time.pass(100_000);
  await Promise.all(urgent);
});

Deno.test("host limiter: those of other namespaces that came lately find out by themselves", async () => {
  const { time, starts, run } = rig({ together: 9, perHost: 1 });
  const silent = failure();
  const first = rejection(run("a", 20_000, silent, of("noisy")));
  await time.pass(10_000);
  const noisy = rejection(run("a", 1, undefined, of("noisy")));
  const quiet = run("a", 1, undefined, of("quiet"));
  const second = rejection(run("a", 1, undefined, of("quiet")));
  await time.pass(10_001);
  assert.deepEqual([await first, await noisy, await second], [silent, silent, silent]);
  assert.equal(await quiet, "a");
  assert.deepEqual(starts.map(([, at]) => at), [0, 20_000]);
});

Deno.test("host limiter: the failure of a call puts no last try off that waits", async () => {
  const { time, run } = rig({ together: 1, perHost: 1 });
  const silent = failure();
  const first = rejection(run("a", 20_000, silent, of("n")));
  const last = run("a", 1, undefined, new Askers([{ namespace: "n" }], "last"));
  await time.pass(20_001);
  assert.deepEqual([await first, await last], [silent, "a"]);
});

Deno.test("host limiter: thousands that wait for a silent host are told in many turns", async () => {
  const { time, run } = rig({ together: 1, perHost: 1 });
  const silent = failure();
  let told = 0;
  const calls = Array.from(
    { length: 3000 },
    (_, n) => run("a", n === 0 ? 20_000 : 1, silent, of("n")).catch(() => void told++),
  );
  const inOneTurn: number[] = [];
  time.clock.after(20_000, () => {
    let before = 0;
    for (let turn = 1; turn < 50; turn++) {
      time.clock.after(turn, () => {
        inOneTurn.push(told - before);
        before = told;
      });
    }
  });
  await time.pass(20_100);
  await Promise.all(calls);
  assert.equal(told, 3000);
  assert.ok(Math.max(...inOneTurn) <= 101, `${inOneTurn}`);
});

Deno.test("host limiter: of hosts that answered, a thousand are remembered, those of last", async () => {
  const { time, limiter, starts, run } = rig(WARY);
  for (let n = 0; n <= 1000; n++) {
    const call = run(`r${n}`, 0);
    await time.pass(0);
    await call;
  }
  const calls = ["r0", "r0", "r1000", "r1000"].map((host) => run(host, 10));
  await time.pass(100);
  await Promise.all(calls);
  assert.deepEqual(starts.slice(1001), [["r0", 0], ["r1000", 0], ["r1000", 0], ["r0", 10]]);
  assert.ok(limiter.known <= 1000, `${limiter.known} are known`);
});

Deno.test("host limiter: an abort ends every wait with its reason, and lets nobody in after", async () => {
  const { time, starts, run, stop } = rig({ together: 2, perHost: 1 });
  const calls = [run("a", 10), run("b", 10)];
  const aborted = [rejection(run("a", 1)), rejection(run("c", 1))];
  await time.pass(5);
  stop.abort("enough");
  assert.deepEqual(await Promise.all(aborted), ["enough", "enough"]);
  assert.equal(await rejection(run("d", 1)), "enough");
  await time.pass(100);
  await Promise.all(calls);
  assert.deepEqual(starts, [["a", 0], ["b", 0]]);
});

Deno.test("property: never more at once than the limits allow, and every call ends", async () => {
  const call = fc.record({
    host: fc.constantFrom("a", "b", "c"),
    waitMs: fc.nat({ max: 20 }),
    durationMs: fc.nat({ max: 50 }),
    failure: fc.constantFrom(undefined, failure(), failure({ status: 503 })),
  });
  const places = fc.record({
    together: fc.integer({ min: 1, max: 6 }),
    perHost: fc.integer({ min: 1, max: 4 }),
  });
  const limits = fc.record({
    together: fc.integer({ min: 1, max: 6 }),
    perHost: fc.integer({ min: 1, max: 4 }),
    unknown: places,
    silent: places,
  });
  await fc.assert(
    fc.asyncProperty(limits, fc.array(call, { maxLength: 30 }), async (kept, calls) => {
      const { time, run, most, mostOfOne } = rig(kept);
      const ended: Promise<unknown>[] = [];
      for (const { host, waitMs, durationMs, failure } of calls) {
        await time.pass(waitMs);
        ended.push(run(host, durationMs, failure).catch(() => undefined));
      }
      await time.pass(60_000);
      await Promise.all(ended);
      assert.ok(most() <= kept.together, `${most()} at once`);
      const ofOne = Math.max(kept.perHost, kept.unknown.perHost, kept.silent.perHost);
      assert.ok(mostOfOne() <= ofOne, `${mostOfOne()} at once to one host`);
      // No place was lost on the way: whoever asks next is let in at once.
      assert.equal(await settle(time, run("new", 0)), "new");
    }),
    { numRuns: 60 },
  );
});
