import assert from "node:assert/strict";
import { Learned } from "../../../src/azure/learned.ts";
import { FakeTime } from "../kubernetes/fake_time.ts";

function rig(most = 3) {
  const time = new FakeTime();
  let skewMs = 0;
  const remembered = new Learned(time.skewed(() => skewMs), 1000, most);
  const known = (...keys: string[]) => keys.filter((key) => remembered.has(key));
  return { time, remembered, known, setClock: (byMs: number) => void (skewMs = byMs) };
}

Deno.test("remembered: what was learned is known for its time, and what was not is not", async () => {
  const { time, remembered, known } = rig();
  remembered.add("a");
  await time.pass(999);
  assert.deepEqual(known("a", "b"), ["a"]);
  await time.pass(1);
  assert.deepEqual([known("a"), remembered.size], [[], 0]);
});

Deno.test("remembered: what is learned again is known anew", async () => {
  const { time, remembered, known } = rig();
  remembered.add("a");
  await time.pass(600);
  remembered.add("a");
  await time.pass(600);
  assert.deepEqual(known("a"), ["a"]);
});

Deno.test("remembered: of a hundred thousand keys the latest are held, and no more", () => {
  const { remembered, known } = rig(1000);
  for (let n = 0; n < 100_000; n++) remembered.add(`k${n}`);
  assert.equal(remembered.size, 1000);
  assert.deepEqual(known("k0", "k98999", "k99000", "k99999"), ["k99000", "k99999"]);
});

Deno.test("remembered: what was learned before the clock was set back is not known", () => {
  const { remembered, known, setClock } = rig();
  remembered.add("a");
  setClock(-3_600_000);
  assert.deepEqual(known("a"), []);
});
