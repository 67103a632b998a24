import assert from "node:assert/strict";
import fc from "fast-check";
import { Redacted } from "../../../../src/runtime/masking/redacted.ts";
import { sanitize } from "../../../../src/telemetry/log/sanitize.ts";

const circular: Record<string, unknown> = {};
circular["self"] = circular;

const CASES: [name: string, value: unknown, plain: unknown][] = [
  ["text", "plain", "plain"],
  ["a number", 1.5, 1.5],
  ["no number", NaN, "NaN"],
  ["a boolean", false, false],
  ["null", null, null],
  ["undefined", undefined, "undefined"],
  ["a bigint", 10n ** 20n, "100000000000000000000"],
  ["a symbol", Symbol("s"), "Symbol(s)"],
  ["a function", () => 1, "[function]"],
  ["a redacted value", new Redacted("s3cret"), "[redacted]"],
  ["a date", new Date(0), "1970-01-01T00:00:00.000Z"],
  ["an invalid date", new Date(NaN), "Invalid Date"],
  ["a URL", new URL("https://u:p@h:1/a?b=c#d"), "https://h:1/a?..."],
  ["bytes", new Uint8Array(3), "[3 bytes]"],
  ["a buffer", new ArrayBuffer(4), "[4 bytes]"],
  ["a list", [1, "a", [true]], [1, "a", [true]]],
  ["a set", new Set(["a"]), ["a"]],
  ["a map", new Map([["k", 1]]), { k: 1 }],
  ["an object", { a: 1, b: undefined, password: "x" }, { a: 1, password: "[redacted]" }],
  ["a circle", circular, { self: { self: { self: { self: "[nested]" } } } }],
  [
    "an object whose getter throws",
    Object.defineProperty({}, "bad", {
      enumerable: true,
      get: () => {
        throw new Error("no");
      },
    }),
    "[unprintable]",
  ],
  [
    "an error with its cause",
    new TypeError("outer", { cause: new RangeError("inner") }),
    { name: "TypeError", message: "outer", cause: { name: "RangeError", message: "inner" } },
  ],
  ["long text", "x".repeat(3000), "x".repeat(2048) + "..."],
  ["a long list", Array.from({ length: 40 }, () => 0), [...Array(32).fill(0), "8 more"]],
];

for (const [name, value, plain] of CASES) {
  Deno.test(`sanitize: ${name}`, () => assert.deepEqual(sanitize(value, false), plain));
}

Deno.test("sanitize: shows the stack of an error when asked", () => {
  const error = new Error("m");
  error.stack = "Error: m\n    at f (file.ts:1:2)";
  assert.deepEqual(sanitize(error, true), {
    name: "Error",
    message: "m",
    stack: "Error: m\n    at f (file.ts:1:2)",
  });
});

Deno.test("sanitize: answers plain JSON for anything, and never throws", () => {
  const anything = fc.anything({
    withBigInt: true,
    withDate: true,
    withMap: true,
    withSet: true,
    withTypedArray: true,
    withNullPrototype: true,
    withSparseArray: true,
  });
  fc.assert(
    fc.property(anything, (value) => {
      const plain = sanitize(value, true);
      const again = JSON.parse(JSON.stringify(plain));
      assert.equal(JSON.stringify(again), JSON.stringify(plain));
    }),
  );
});
