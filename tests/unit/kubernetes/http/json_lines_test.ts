import fc from "fast-check";
import assert from "node:assert/strict";
import type { JSONValue } from "../../../../src/kubernetes/http/contract.ts";
import { ApiError } from "../../../../src/kubernetes/http/errors.ts";
import { jsonLines } from "../../../../src/kubernetes/http/json_lines.ts";
import { rejection } from "./transport_support.ts";

const encoder = new TextEncoder();

function collect(chunks: readonly Uint8Array[], longest?: number): Promise<JSONValue[]> {
  return Array.fromAsync(jsonLines(ReadableStream.from(chunks), "GET /watch", longest));
}

/** Cuts bytes at the given places, which may repeat: then a chunk is empty. */
function cut(bytes: Uint8Array, places: readonly number[]): Uint8Array[] {
  const sorted = places.map((place) => place % (bytes.length + 1)).sort((a, b) => a - b);
  return [...sorted, bytes.length].map((end, index) =>
    bytes.subarray(index === 0 ? 0 : sorted[index - 1], end)
  );
}

Deno.test("however the bytes are cut, the values are the same", async () => {
  const value = fc.jsonValue({ stringUnit: "binary" });
  await fc.assert(
    fc.asyncProperty(fc.array(value), fc.array(fc.nat()), async (values, places) => {
      const bytes = encoder.encode(values.map((item) => JSON.stringify(item) + "\n").join(""));
      const expected = values.map((item) => JSON.parse(JSON.stringify(item)));
      assert.deepEqual(await collect(cut(bytes, places)), expected);
    }),
    { numRuns: 200 },
  );
});

Deno.test("a chunk may be good only until the next is asked for", async () => {
  const bytes = encoder.encode('{"a":"one"}\n{"a":"two"}\n{"a":"three"}\n');
  const memory = new Uint8Array(5);
  let at = 0;
  const source = new ReadableStream<Uint8Array>({
    pull(controller) {
      if (at >= bytes.length) return controller.close();
      memory.set(bytes.subarray(at, at + memory.length));
      controller.enqueue(memory.subarray(0, Math.min(memory.length, bytes.length - at)));
      at += memory.length;
    },
  }, { highWaterMark: 0 });
  const values = await Array.fromAsync(jsonLines(source, "GET /watch"));
  assert.deepEqual(values, [{ a: "one" }, { a: "two" }, { a: "three" }]);
});

Deno.test("a character cut in two is whole again", async () => {
  const bytes = encoder.encode('{"a":"\u{1F600}\u00e9"}\n');
  const single = Array.from(bytes, (byte) => Uint8Array.of(byte));
  assert.deepEqual(await collect(single), [{ a: "\u{1F600}\u00e9" }]);
});

Deno.test("carriage returns and blank lines count for nothing", async () => {
  assert.deepEqual(await collect([encoder.encode('\n{"a":1}\r\n\r\n \n2\n')]), [{ a: 1 }, 2]);
});

const FAILURES: {
  name: string;
  text: string;
  longest?: number;
  reason: string;
  message: string;
}[] = [
  {
    name: "an end within a line",
    text: '{"a":1}\n{"secret',
    reason: "Truncated",
    message: "GET /watch: the stream ended 8 bytes into a line",
  },
  {
    name: "a line that lacks only its newline, for nobody knows whether it is whole",
    text: '{"a":1}\n12',
    reason: "Truncated",
    message: "GET /watch: the stream ended 2 bytes into a line",
  },
  {
    name: "a line that is not JSON, which is not quoted",
    text: '{"a":1}\n<secret>\n',
    reason: "BadAnswer",
    message: "GET /watch: a line of the stream (8 bytes) is not JSON",
  },
  {
    name: "a line that is too long",
    text: `{"a":1}\n"${"x".repeat(50)}`,
    longest: 40,
    reason: "BadAnswer",
    message: "a line of the stream is longer than 40 bytes",
  },
];

for (const { name, text, longest, reason, message } of FAILURES) {
  Deno.test(`a stream fails at ${name}`, async () => {
    let cancelled = false;
    const source = new ReadableStream<Uint8Array>({
      pull(controller) {
        controller.enqueue(encoder.encode(text));
        if (reason === "Truncated") controller.close();
      },
      cancel: () => void (cancelled = true),
    }, { highWaterMark: 0 });
    const reader = jsonLines(source, "GET /watch", longest).getReader();
    const error = await rejection((async () => {
      while (!(await reader.read()).done);
    })());
    assert.ok(error instanceof ApiError);
    assert.deepEqual([error.reason, error.message], [reason, message]);
    assert.equal(cancelled, reason !== "Truncated", "what is left of the source is let go");
  });
}

Deno.test("invalid UTF-8 is a bad answer, not a replacement character", async () => {
  const error = await rejection(collect([Uint8Array.of(0x22, 0xff, 0x22, 0x0a)]));
  assert.equal((error as ApiError).reason, "BadAnswer");
});

Deno.test("nothing is read before somebody asks, and cancelling cancels the source", async () => {
  let pulls = 0;
  let reason: unknown;
  const source = new ReadableStream<Uint8Array>({
    pull(controller) {
      pulls++;
      controller.enqueue(encoder.encode("1\n"));
    },
    cancel: (why) => void (reason = why),
  }, { highWaterMark: 0 });
  const reader = jsonLines(source, "GET /watch").getReader();
  assert.equal(pulls, 0);
  assert.deepEqual(await reader.read(), { done: false, value: 1 });
  assert.equal(pulls, 1);
  await reader.cancel("enough");
  assert.equal(reason, "enough");
});
