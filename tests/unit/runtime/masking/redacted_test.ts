import assert from "node:assert/strict";
import { inspect } from "node:util";
import { Redacted } from "../../../../src/runtime/masking/redacted.ts";

const SECRET = "hunter2-hunter2";

const WAYS: readonly [what: string, show: (value: Redacted) => string][] = [
  ["a template literal", (value) => `${value}`],
  ["concatenation", (value) => "" + value],
  ["String()", (value) => String(value)],
  ["toString()", (value) => value.toString()],
  ["JSON", (value) => JSON.stringify({ value, list: [value] })],
  ["Deno.inspect", (value) => Deno.inspect({ value }, { showHidden: true, depth: 9 })],
  ["node's inspect", (value) => inspect({ value }, { showHidden: true })],
  ["its own keys", (value) => JSON.stringify([Reflect.ownKeys(value), Object.entries(value)])],
  ["a copy by spread", (value) => Deno.inspect({ ...value })],
  ["a structured clone", (value) => Deno.inspect(structuredClone(value))],
  ["the message of an error", (value) => new Error(`got ${value}`).message],
];

for (const [what, show] of WAYS) {
  Deno.test(`redacted: ${what} does not show the value`, () => {
    assert.ok(!show(new Redacted(SECRET)).includes(SECRET));
  });
}

Deno.test("redacted: reveal is the way to the value", () => {
  assert.equal(new Redacted(SECRET).reveal(), SECRET);
});

Deno.test("redacted: it tells whether another value is the same", () => {
  const value = new Redacted(SECRET);
  assert.deepEqual([SECRET, `${SECRET}x`, undefined].map((other) => value.equals(other)), [
    true,
    false,
    false,
  ]);
});
