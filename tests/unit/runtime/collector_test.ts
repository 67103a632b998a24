import assert from "node:assert/strict";
import { Collector } from "../../../src/runtime/collector.ts";

const KIB = 1024;
const MIB = 1024 * KIB;

/** How often texts of so many bytes, one after the other, have garbage collected. */
function collections(sizes: readonly number[]): number {
  let count = 0;
  const collector = new Collector(() => void count++);
  for (const size of sizes) collector.beforeDecoding(size);
  return count;
}

for (
  const [what, sizes, count] of [
    ["thousands of ordinary objects", Array(10_000).fill(100 * KIB), 0],
    ["two texts of a megabyte", [MIB, MIB], 0],
    ["the third text of a megabyte", [MIB, MIB, MIB], 1],
    ["forty texts of a megabyte", Array(40).fill(MIB), 19],
    ["a text that is larger than all that may be left", [4 * MIB, KIB], 1],
  ] as const
) {
  Deno.test(`collector: ${what} cost ${count} collections`, () => {
    assert.equal(collections(sizes), count);
  });
}

Deno.test("collector: where V8 offers no collection nothing is asked of it", () => {
  new Collector(undefined).beforeDecoding(100 * MIB);
});
