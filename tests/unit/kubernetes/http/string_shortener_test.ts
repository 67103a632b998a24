import fc from "fast-check";
import assert from "node:assert/strict";
import { StringShortener } from "../../../../src/kubernetes/http/string_shortener.ts";
import { concatenate } from "../../../../src/runtime/text/bytes.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true });

/** The text after a shortener that was given its bytes `size` at a time. */
function shortened(text: string, longest: number, size = text.length + 1): string {
  const shortener = new StringShortener(longest);
  const bytes = encoder.encode(text);
  const parts: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; at += size) {
    parts.push(shortener.push(bytes.subarray(at, at + size)).slice());
  }
  return decoder.decode(concatenate(parts));
}

const CASES: readonly { name: string; text: string; longest: number; expected: string }[] = [
  {
    name: "what stands before and after a long string stays",
    text: `{"kind":"Status","message":"${"m".repeat(100)}","reason":"Invalid","code":422}`,
    longest: 20,
    expected: `{"kind":"Status","message":"${"m".repeat(15)}","reason":"Invalid","code":422}`,
  },
  {
    name: "a quote that is escaped ends nothing, also where the string is cut already",
    text: String.raw`["${"m".repeat(30)}\"\\\\\"x\\","b"]`,
    longest: 20,
    expected: `["${"m".repeat(15)}","b"]`,
  },
  {
    name: "an escape is not torn apart",
    text: String.raw`["mmmm\u003cmmm"]`,
    longest: 10,
    expected: String.raw`["mmmm\u003c"]`,
  },
  {
    name: "a character of several bytes is not torn apart",
    text: '["mmmm\u{1F600}\u{1F600}"]',
    longest: 10,
    expected: '["mmmm\u{1F600}"]',
  },
  {
    name: "names of members are strings, too",
    text: `{"${"k".repeat(40)}":1}`,
    longest: 20,
    expected: `{"${"k".repeat(15)}":1}`,
  },
];

for (const { name, text, longest, expected } of CASES) {
  Deno.test(`string shortener: ${name}`, () => {
    for (const size of [1, 2, 3, 7, 1000]) assert.equal(shortened(text, longest, size), expected);
  });
}

const character = fc.oneof(
  fc.constantFrom(...'ab"\\/\n\t\u0001\u00e9\u20ac\u{1F600}<'),
  fc.string({ unit: "binary", minLength: 1, maxLength: 1 }),
);
const json = fc.jsonValue({ stringUnit: "binary", maxDepth: 3 }).chain((value) =>
  fc.string({ unit: character, maxLength: 60 }).map((text) => ({ text, value, list: [text, text] }))
);

Deno.test("string shortener: whatever is cut stays JSON, with its strings' beginnings", () => {
  fc.assert(
    fc.property(json, fc.integer({ min: 12, max: 40 }), fc.integer({ min: 1, max: 9 }), (
      given,
      longest,
      size,
    ) => {
      const told = JSON.parse(shortened(JSON.stringify(given), longest, size));
      const text = JSON.parse(JSON.stringify(given.text));
      const [first, second] = told.list;
      assert.equal(first, second);
      assert.ok(text.startsWith(first), `${JSON.stringify(first)} of ${JSON.stringify(text)}`);
      const whole = encoder.encode(JSON.stringify(text)).length - 2;
      if (whole <= longest - 6) assert.equal(first, text);
      else assert.ok(encoder.encode(JSON.stringify(first)).length - 2 <= longest);
    }),
  );
});
