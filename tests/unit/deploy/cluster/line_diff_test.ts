import assert from "node:assert/strict";
import fc from "fast-check";
import { lineDiff } from "../../../../deploy/cluster/line_diff.ts";

const CASES: readonly [string, string, string, string[]][] = [
  ["equal texts", "abc", "abc", []],
  ["a line that changed", "abcde", "abXde", ["  a", "  b", "- c", "+ X", "  d", "  e"]],
  ["all that is new", "", "ab", ["+ a", "+ b"]],
  ["all that is gone", "ab", "", ["- a", "- b"]],
  [
    "two places far apart",
    "abcdefghij",
    "Xbcdefghij!",
    ["- a", "+ X", "  b", "  c", "  ...", "  i", "  j", "+ !"],
  ],
];

for (const [name, before, after, expected] of CASES) {
  Deno.test(`line diff of ${name}`, () => {
    assert.deepEqual(lineDiff([...before], [...after]), expected);
  });
}

Deno.test("line diff: a short text and its marks tell both texts", () => {
  const text = fc.array(fc.constantFrom("a", "b", "c"), { maxLength: 4 });
  fc.assert(fc.property(text, text, (before, after) => {
    const lines = lineDiff(before, after).filter((line) => line !== "  ...");
    const changes = (mark: string) => lines.filter((line) => line.startsWith(mark)).length;
    assert.equal(before.length - changes("-"), after.length - changes("+"));
    if (before.join() === after.join()) assert.deepEqual(lines, []);
    else assert.ok(changes("-") + changes("+") > 0);
  }));
});
