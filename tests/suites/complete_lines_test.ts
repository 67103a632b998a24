import assert from "node:assert/strict";
import { completeLines } from "./complete_lines.ts";

for (
  const [text, complete] of [
    ["", ""],
    ['{"msg":"a', ""],
    ['{"msg":"a"}\n', '{"msg":"a"}\n'],
    ['{"msg":"a"}\n{"ms', '{"msg":"a"}\n'],
  ] as const
) {
  Deno.test(`of ${JSON.stringify(text)} what has come to its end is read`, () => {
    assert.equal(completeLines(text), complete);
  });
}
