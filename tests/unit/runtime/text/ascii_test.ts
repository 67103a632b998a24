import assert from "node:assert/strict";
import fc from "fast-check";
import { lowerAscii } from "../../../../src/runtime/text/ascii.ts";

Deno.test("ascii: A to Z lose their case, and no other letter is touched", () => {
  assert.equal(lowerAscii("AbZ-09.Example"), "abz-09.example");
  for (const text of ["\u212a", "\u017f", "\u00c4", "\u0130", "\uff21"]) {
    assert.equal(lowerAscii(text), text);
  }
});

Deno.test("property: two texts become one only where they differ in the case of ASCII letters", () => {
  const letter = fc.constantFrom("k", "K", "\u212a", "s", "S", "\u017f", "\u00e4", "\u00c4", "1");
  const text = fc.string({ unit: letter, maxLength: 4 });
  fc.assert(
    fc.property(text, text, (one, other) => {
      const same = one.length === other.length &&
        [...one].every((char, at) =>
          char === other[at] || (/^[a-zA-Z]$/.test(char) && /^[a-zA-Z]$/.test(other[at]!) &&
            char.toLowerCase() === other[at]!.toLowerCase())
        );
      assert.equal(lowerAscii(one) === lowerAscii(other), same);
    }),
    { numRuns: 1000 },
  );
});
