import assert from "node:assert/strict";
import fc from "fast-check";
import { SharedTexts } from "../../../../src/runtime/text/shared_text.ts";

Deno.test("property: shared texts: every text comes back as it is, and few are held", () => {
  const shared = new SharedTexts();
  fc.assert(
    fc.property(fc.array(fc.string({ maxLength: 200 }), { maxLength: 100 }), (texts) => {
      assert.deepEqual(texts.map((text) => shared.share(text)), texts);
    }),
  );
  for (let n = 0; n < 10_000; n++) assert.equal(shared.share(`text ${n}`), `text ${n}`);
  assert.ok(shared.size <= 1024, `${shared.size} are held`);
});

Deno.test("shared texts: one that is as long as an object may be is not held", () => {
  const shared = new SharedTexts();
  shared.share("x".repeat(129));
  assert.equal(shared.size, 0);
});
