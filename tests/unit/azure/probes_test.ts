import assert from "node:assert/strict";
import { Probes } from "../../../src/azure/probes.ts";
import { sleep } from "../../../src/runtime/time/clock.ts";
import { FakeTime } from "../kubernetes/fake_time.ts";

/** A call of 10 s behind probes, and how it ended. */
function rig() {
  const time = new FakeTime();
  const probes = new Probes(time.clock);
  const stop = new AbortController();
  const ended: [string, number][] = [];
  const run = (call?: (restart: () => void) => Promise<void>) =>
    probes.run(stop.signal, () => "gave way", async (signal, restart) => {
      await call?.(restart);
      await sleep(time.clock, 10_000, signal);
    }).then(() => "done", String).then((how) => void ended.push([how, time.elapsed()]));
  return { time, probes, stop, ended, run };
}

Deno.test("probes: one that nobody waits behind has its whole time", async () => {
  const { time, ended, run } = rig();
  const call = run();
  await time.pass(10_000);
  await call;
  assert.deepEqual(ended, [["done", 10_000]]);
});

Deno.test("probes: who came together with it learns by it, and waits", async () => {
  const { time, probes, ended, run } = rig();
  const call = run();
  probes.wait();
  await time.pass(10_000);
  await call;
  assert.deepEqual(ended, [["done", 10_000]]);
});

for (
  const [what, cameAt, endedAt] of [
    ["in its first two seconds has it give way after these", 500, 2000],
    ["after these has it give way at once", 5000, 5000],
  ] as const
) {
  Deno.test(`probes: who comes ${what}`, async () => {
    const { time, probes, ended, run } = rig();
    const call = run();
    await time.pass(cameAt);
    probes.wait();
    await time.pass(10_000);
    await call;
    assert.deepEqual(ended, [["gave way", endedAt]]);
  });
}

Deno.test("probes: who waits no more has nobody give way", async () => {
  const { time, probes, ended, run } = rig();
  const call = run();
  await time.pass(500);
  probes.wait()();
  await time.pass(10_000);
  await call;
  assert.deepEqual(ended, [["done", 10_000]]);
});

Deno.test("probes: what is sent once more has its time anew", async () => {
  const { time, probes, ended, run } = rig();
  const call = run(async (restart) => {
    await sleep(time.clock, 1500);
    restart();
  });
  await time.pass(500);
  probes.wait();
  await time.pass(10_000);
  await call;
  assert.deepEqual(ended, [["gave way", 3500]]);
});

Deno.test("probes: the operator's end is passed on as it is", async () => {
  const { time, stop, ended, run } = rig();
  const call = run();
  await time.pass(100);
  stop.abort("the end");
  await call;
  assert.deepEqual(ended, [["the end", 100]]);
});
