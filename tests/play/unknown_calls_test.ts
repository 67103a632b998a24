import assert from "node:assert/strict";
import { unknownCalls } from "./unknown_calls.ts";

Deno.test("a call that the fake Azure does not know is told once, however often it came", () => {
  assert.deepEqual(unknownCalls(["a", "b", "a", "a"]), [
    "The fake Azure does not know this call (3 times): a",
    "The fake Azure does not know this call: b",
  ]);
  assert.deepEqual(unknownCalls([]), []);
});

Deno.test("of many calls that the fake Azure does not know, ten are told, and how many others", () => {
  const lines = unknownCalls(Array.from({ length: 1000 }, (_, at) => `GET https://h/${at}`));
  assert.equal(lines.length, 11);
  assert.equal(lines.at(-1), "It does not know 990 others either.");
});
