import assert from "node:assert/strict";
import fc from "fast-check";
import { decodeUtf8 } from "../../../../src/runtime/text/utf8.ts";

const encoder = new TextEncoder();
const strict = new TextDecoder("utf-8", { fatal: true });

Deno.test("utf8: a text that holds the sign for what is no text is read as it is", () => {
  for (const text of ["", "a\ufffdb", "\ufffd", '{"a":"\u{1F600}\ufffd"}']) {
    assert.equal(decodeUtf8(encoder.encode(text)), text);
  }
});

Deno.test("property: utf8: it says what the platform's strict decoder says", () => {
  const bytes = fc.oneof(
    fc.uint8Array({ maxLength: 40 }),
    fc.string({ unit: "binary", maxLength: 40 }).map((text) => encoder.encode(text)),
  );
  fc.assert(fc.property(bytes, (given) => {
    let expected: string | undefined;
    try {
      expected = strict.decode(given);
    } catch {
      assert.throws(() => decodeUtf8(given), TypeError);
      return;
    }
    assert.equal(decodeUtf8(given), expected);
  }));
});
