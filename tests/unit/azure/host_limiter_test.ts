import assert from "node:assert/strict";
import fc from "fast-check";
import { AzureError, type AzureFailure } from "../../../src/azure/errors.ts";
import { HostLimiter, type HostLimits } from "../../../src/azure/host_limiter.ts";
import { sleep } from "../../../src/runtime/clock.ts";
import { FakeTime } from "../kubernetes/fake_time.ts";
import { rejection } from "./support.ts";

function rig(limits: HostLimits) {
  const time = new FakeTime();
  const stop = new AbortController();
  const limiter = new HostLimiter(limits, time.clock, stop.signal);
  const starts: [string, number][] = [];
  const underWay = new Map<string, number>();
  let most = 0;
  let mostOfOne = 0;
  const run = (host: string, durationMs: number, failure?: unknown) =>
    limiter.run(host, async () => {
      starts.push([host, time.elapsed()]);
      underWay.set(host, 1 + (underWay.get(host) ?? 0));
      most = Math.max(most, [...underWay.values()].reduce((sum, each) => sum + each, 0));
      mostOfOne = Math.max(mostOfOne, underWay.get(host)!);
      await sleep(time.clock, durationMs);
      underWay.set(host, underWay.get(host)! - 1);
      if (failure !== undefined) throw failure;
      return host;
    });
  return { time, starts, run, stop, most: () => most, mostOfOne: () => mostOfOne };
}

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
  const limits = fc.record({
    together: fc.integer({ min: 1, max: 6 }),
    perHost: fc.integer({ min: 1, max: 4 }),
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
      assert.ok(mostOfOne() <= kept.perHost, `${mostOfOne()} at once to one host`);
    }),
    { numRuns: 60 },
  );
});
