import assert from "node:assert/strict";
import { Collector } from "../../../src/runtime/collector.ts";

const MB = 1_000_000;

/** A heap in the test's hands: what each text adds stays until it is collected. */
function rig(live = 10 * MB) {
  const heap = { used: live, collected: 0 };
  const collector = new Collector({
    used: () => heap.used,
    collect: () => {
      heap.collected++;
      heap.used = live;
    },
  });
  const decode = (bytes: number, leaves = 3 * bytes) => {
    collector.beforeDecoding(bytes);
    heap.used += leaves;
  };
  return { heap, decode };
}

Deno.test("collector: what large texts leave behind never grows beyond a few megabytes", () => {
  const { heap, decode } = rig();
  let most = 0;
  for (let count = 0; count < 40; count++) {
    decode(MB);
    most = Math.max(most, heap.used);
  }
  assert.ok(most < 20 * MB, `${most}`);
  assert.ok(heap.collected < 21, `${heap.collected}`);
});

Deno.test("collector: ordinary texts are left to V8, however much they leave behind", () => {
  const { heap, decode } = rig();
  for (let count = 0; count < 1_000; count++) decode(60_000, MB);
  assert.equal(heap.collected, 0);
});

Deno.test("collector: where V8 collects by itself, nobody need", () => {
  const { heap, decode } = rig();
  for (let count = 0; count < 40; count++) {
    decode(MB);
    heap.used = 10 * MB;
  }
  assert.equal(heap.collected, 0);
});

Deno.test("collector: without a way to collect nothing is asked", () => {
  const collector = new Collector({ used: () => assert.fail("asked") });
  collector.beforeDecoding(MB);
});
