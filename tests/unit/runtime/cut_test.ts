import assert from "node:assert/strict";
import fc from "fast-check";
import { cut, cutBytes, cutMiddle, endBytes } from "../../../src/runtime/cut.ts";

const sizeOf = (text: string) => new TextEncoder().encode(text).length;
const WAYS: readonly [name: string, cut: (text: string, longest: number) => string][] = [
  ["cut", cut],
  ["cutBytes", cutBytes],
  ["cutMiddle", cutMiddle],
];

for (const [name, way] of WAYS) {
  Deno.test(`property: ${name}: what fits is kept, what does not is bounded and tears nothing`, () => {
    const text = fc.string({ unit: fc.constantFrom("a", "\u00e9", "\u4e2d", "\u{1f600}") });
    fc.assert(fc.property(text, fc.integer({ min: 12, max: 40 }), (text, longest) => {
      const size = name === "cut" ? text.length : sizeOf(text);
      const short = way(text, longest);
      assert.ok((name === "cut" ? short.length : sizeOf(short)) <= longest);
      assert.equal(short.isWellFormed(), true);
      assert.equal(short === text, size <= longest);
    }));
  });
}

Deno.test("cut: each way leaves out what it says", () => {
  const text = "It failed. ".padEnd(200, "x") + " Do this.";
  assert.equal(cut(text, 20), `${text.slice(0, 17)}...`);
  assert.equal(cutBytes(text, 20), `${text.slice(0, 17)}...`);
  assert.equal(cutMiddle(text, 43), `${text.slice(0, 20)}...${text.slice(-20)}`);
  assert.equal(endBytes("a\u4e2db", 3), "b");
  assert.equal(endBytes("a\u4e2db", 4), "\u4e2db");
  assert.equal(endBytes("\u{1f600}b", 2), "b");
});
