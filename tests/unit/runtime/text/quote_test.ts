import assert from "node:assert/strict";
import fc from "fast-check";
import { list, quote } from "../../../../src/runtime/text/quote.ts";

const CASES: readonly [what: string, value: string, quoted: string][] = [
  ["a value", "a", '"a"'],
  ["nothing", "", '""'],
  ["quotes and line ends", 'a"\n', String.raw`"a\"\n"`],
  ["what a terminal would obey", "\u001b[2J\u009b\u202e", String.raw`"\u001b[2J\u009b\u202e"`],
  ["120 characters", "x".repeat(120), `"${"x".repeat(120)}"`],
  ["one more", "x".repeat(121), `"${"x".repeat(120)}..."`],
  ["a megabyte", "x".repeat(1_000_000), `"${"x".repeat(120)}..."`],
  ["characters of two units", "\u{1f600}".repeat(80), `"${"\u{1f600}".repeat(60)}..."`],
  ["half a character", "\ud800", String.raw`"\ud800"`],
  ["control characters, by what they take", "\u0001".repeat(30), `"${"\\u0001".repeat(20)}..."`],
];

for (const [what, value, quoted] of CASES) {
  Deno.test(`quote: ${what}`, () => assert.equal(quote(value), quoted));
}

Deno.test("quote: a longer bound is for what may well be longer", () => {
  assert.equal(quote("x".repeat(200), 300), `"${"x".repeat(200)}"`);
});

Deno.test("property: quote: whatever is quoted has at most 125 units of whole characters", () => {
  fc.assert(fc.property(fc.string({ unit: "binary", maxLength: 400 }), (value) => {
    const quoted = quote(value);
    assert.ok(quoted.length <= 125 && quoted.isWellFormed(), quoted);
    // deno-lint-ignore no-control-regex
    assert.doesNotMatch(quoted, /[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e]/);
  }));
});

Deno.test("list: tells some values, and how many there are besides", () => {
  assert.equal(list(["a", "b"]), "a, b");
  assert.equal(list(Array.from({ length: 10 }, (_, index) => `${index}`), 2), "0, 1, 8 more");
  assert.equal(list(["x".repeat(500)]).length, 120);
});
