import assert from "node:assert/strict";
import { re2, within } from "../../../../deploy/chart/re2.ts";

const READ: readonly [what: string, pattern: RegExp, text: string][] = [
  ["a plain pattern stays as it is", /^[a-z]+$/, "^[a-z]+$"],
  ["a slash needs no escape", /^a:\/\/b$/, "^a://b$"],
  ["letter case is disregarded by its own sign", /^a$/i, "(?i)^a$"],
  ["spaces are those beyond ASCII too", /^[^\s?]+$/u, "^[^\\p{Z}\\t-\\r?]+$"],
  ["a code point has its braces", /[\u017f]/, "[\\x{017f}]"],
];

for (const [what, pattern, text] of READ) {
  Deno.test(`re2: ${what}`, () => assert.equal(re2(pattern), text));
}

for (const pattern of [/a(?=b)/, /(?<!a)b/, /(a)\1/, /(?<n>a)\k<n>/]) {
  Deno.test(`re2: what it lacks is refused: ${pattern}`, () => {
    assert.throws(() => re2(pattern), TypeError);
  });
}

Deno.test("within: a pattern of a whole text becomes a part of another, and no other does", () => {
  assert.equal(within(/^a|b$/), "a|b");
  for (const pattern of [/a$/, /^a/, /^a$/i]) assert.throws(() => within(pattern), TypeError);
});
