import assert from "node:assert/strict";
import fc from "fast-check";
import { cut, cutBytes, cutMiddle, endBytes } from "../../../../src/runtime/text/cut.ts";

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

const MODULE = new URL("../../../../src/runtime/text/cut.ts", import.meta.url).href;

/** Cuts 40 texts of a megabyte, each made by JSON as those of the API server are. */
const CUT_MANY = (way: string) => `
  import { ${way} } from ${JSON.stringify(MODULE)};
  const kept = [];
  const before = (gc(), Deno.memoryUsage().heapUsed);
  for (let index = 0; index < 40; index++) {
    kept.push(${way}(JSON.parse('"' + String(index % 10).repeat(1_000_000) + '"'), 100));
  }
  gc();
  console.log(Deno.memoryUsage().heapUsed - before, kept.length);
`;

for (const way of ["cut", "cutBytes", "cutMiddle", "start"]) {
  Deno.test(`${way}: what is cut keeps nothing of the long text in memory`, async () => {
    const { stdout } = await new Deno.Command(Deno.execPath(), {
      args: ["eval", "--v8-flags=--expose-gc", CUT_MANY(way)],
    }).output();
    const [bytes, count] = new TextDecoder().decode(stdout).split(" ").map(Number);
    assert.equal(count, 40);
    // The last of them may not be collected yet.
    assert.ok(bytes! < 5_000_000, `${bytes} bytes`);
  });
}
