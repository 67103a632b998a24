import fc from "fast-check";
import assert from "node:assert/strict";
import type { JSONValue } from "../../../../src/kubernetes/http/contract.ts";
import { ApiError } from "../../../../src/kubernetes/http/errors.ts";
import { ListSplitter, Scratch } from "../../../../src/kubernetes/http/list_splitter.ts";
import { readList } from "../../../../src/kubernetes/http/list_stream.ts";
import { rejection } from "./transport_support.ts";

const encoder = new TextEncoder();

/** Reads a list in these chunks: what was handed over, and what stood around. */
async function read(chunks: readonly Uint8Array[]) {
  const items: JSONValue[] = [];
  const answer = await readList(ReadableStream.from(chunks), "GET /list", (item) => {
    items.push(item);
  }, new Scratch());
  return { ...answer, items };
}

const readText = (text: string) => read([encoder.encode(text)]);

/** Cuts bytes at the given places, which may repeat: then a chunk is empty. */
function cut(bytes: Uint8Array, places: readonly number[]): Uint8Array[] {
  const sorted = places.map((place) => place % (bytes.length + 1)).sort((a, b) => a - b);
  return [...sorted, bytes.length].map((end, index) =>
    bytes.subarray(index === 0 ? 0 : sorted[index - 1], end)
  );
}

/** Texts full of what could be taken for the list's own signs. */
const trap = fc.string({
  unit: fc.constantFrom(...'{}[],:"\\items\u00e9\u{1F600}'),
  maxLength: 12,
});
const { anything } = fc.letrec((tie) => ({
  anything: fc.oneof(
    { maxDepth: 4 },
    trap,
    fc.integer(),
    fc.constant(null),
    fc.array(tie("anything"), { maxLength: 3 }),
    tie("object"),
  ),
  object: fc.dictionary(fc.oneof(trap, fc.constant("items")), tie("anything"), { maxKeys: 4 }),
}));
const object = fc.dictionary(trap, anything, { maxKeys: 4, noNullPrototype: true });

Deno.test("however a list is cut and indented, its objects come one by one as they were", async () => {
  const list = fc.record({
    before: fc.dictionary(trap.filter((name) => name !== "items"), anything, { maxKeys: 3 }),
    items: fc.array(object, { maxLength: 5 }),
    metadata: object,
  });
  const indent = fc.constantFrom(undefined, 1, "\t");
  await fc.assert(
    fc.asyncProperty(list, indent, fc.array(fc.nat()), async (given, space, places) => {
      const { before, items, metadata } = JSON.parse(JSON.stringify(given));
      const whole = { kind: "List", ...before, items, metadata };
      const bytes = encoder.encode(`${JSON.stringify(whole, null, space)}\n`);
      const told = await read(cut(bytes, places));
      assert.deepEqual(told.items, items);
      assert.deepEqual(told.list, { ...whole, items: [] });
      assert.equal(told.bytes, bytes.length);
    }),
    { numRuns: 300 },
  );
});

Deno.test("a list that has no objects is read like any other", async () => {
  for (const items of ["[]", "null", "[ \n ]"]) {
    const { list, items: told } = await readText(`{"items":${items},"metadata":{}}`);
    assert.deepEqual([list, told], [{ items: JSON.parse(items), metadata: {} }, []]);
  }
});

Deno.test("arrays of other names, and nested lists, are not taken for the list's objects", async () => {
  const { list, items } = await readText(
    '{"a":[{"b":1}],"c":{"items":[{"d":2}]},"x\\"items":[{"e":3}],"items":[{"items":[{"f":4}]}]}',
  );
  assert.deepEqual(items, [{ items: [{ f: 4 }] }]);
  assert.deepEqual(list, {
    a: [{ b: 1 }],
    c: { items: [{ d: 2 }] },
    'x"items': [{ e: 3 }],
    items: [],
  });
});

Deno.test("items that are no objects stay in the list, for its reader to refuse", async () => {
  const { list, items } = await readText('{"items":["a"]}');
  assert.deepEqual([list, items], [{ items: ["a"] }, []]);
  const nested = await readText('{"items":[[{"a":1}]]}');
  assert.deepEqual([nested.list, nested.items], [{ items: [[{ a: 1 }]] }, []]);
});

const FAILURES: { name: string; text: string; reason: string; message: string }[] = [
  {
    name: "an end within an object",
    text: '{"items":[{"a":1},{"sec',
    reason: "Truncated",
    message: "GET /list: the list ends after 23 bytes",
  },
  {
    name: "an end between objects",
    text: '{"items":[{"a":1},',
    reason: "Truncated",
    message: "GET /list: the list ends after 18 bytes",
  },
  {
    name: "a page of HTML",
    text: "<html>secret</html>",
    reason: "BadAnswer",
    message: "GET /list: 200 with a body that is not JSON (a part of 19 bytes): something else " +
      "than the API server may have answered",
  },
  {
    name: "no body at all",
    text: "",
    reason: "BadAnswer",
    message: "GET /list: 200 with a body that is not JSON (a part of 0 bytes): something else " +
      "than the API server may have answered",
  },
  {
    name: "an object that is not JSON",
    text: '{"items":[{"a":secret}]}',
    reason: "BadAnswer",
    message: "GET /list: 200 with a body that is not JSON (a part of 12 bytes): something else " +
      "than the API server may have answered",
  },
  {
    name: "what follows its end",
    text: '{"items":[]} secret',
    reason: "BadAnswer",
    message: "GET /list: 200 with a body that is not JSON (a part of 19 bytes): something else " +
      "than the API server may have answered",
  },
];

for (const { name, text, reason, message } of FAILURES) {
  Deno.test(`a list fails at ${name}, and nothing of it is quoted`, async () => {
    const error = await rejection(readText(text));
    assert.ok(error instanceof ApiError);
    assert.deepEqual([error.reason, error.message], [reason, message]);
  });
}

Deno.test("the memory that one list has grown serves the next, until it is dropped", async () => {
  const scratch = new Scratch();
  const list = encoder.encode(JSON.stringify({ items: [{ a: "x".repeat(200_000) }] }));
  const readWith = () => readList(ReadableStream.from([list]), "GET /list", () => {}, scratch);
  await readWith();
  const grown = scratch.take();
  assert.ok(grown.length >= 200_000);
  scratch.give(grown);
  await readWith();
  assert.equal(scratch.take(), grown);
  scratch.give(grown);
  scratch.drop();
  assert.equal(scratch.take().length, 65_536);
});

/** A list of one object without end. */
function endless(): {
  stream: ReadableStream<Uint8Array>;
  sent: () => number;
  ended: () => boolean;
} {
  let sent = 0;
  let ended = false;
  const stream = new ReadableStream<Uint8Array>({
    start: (controller) => controller.enqueue(encoder.encode('{"items":[{"a":"')),
    pull(controller) {
      sent += 1024;
      controller.enqueue(new Uint8Array(1024).fill(0x61));
    },
    cancel: () => void (ended = true),
  }, { highWaterMark: 0 });
  return { stream, sent: () => sent, ended: () => ended };
}

Deno.test("an object without end is given up at the limit, with an error that says so", async () => {
  const { stream, sent } = endless();
  const splitter = new ListSplitter(() => {}, undefined, 100_000);
  const error = await rejection((async () => {
    for await (const chunk of stream) splitter.push(chunk);
  })());
  assert.equal((error as ApiError).reason, "BadAnswer");
  assert.equal(error.message, "an object of the list has more than 100000 bytes");
  assert.ok(sent() < 103_000, `${sent()} bytes`);
});

Deno.test("whatever ends the reading lets go of the stream", async () => {
  let cancelled: unknown;
  const source = new ReadableStream<Uint8Array>({
    pull: (controller) => controller.enqueue(encoder.encode('{"items":[{"a":1},')),
    cancel: (why) => void (cancelled = why ?? true),
  }, { highWaterMark: 0 });
  const thrown = new Error("enough");
  const error = await rejection(readList(source, "GET /list", () => {
    throw thrown;
  }, new Scratch()));
  assert.equal(error, thrown);
  assert.ok(cancelled);
});

Deno.test("the work is in proportion to the bytes, wherever they are cut", () => {
  // Of a string of quotes and backslashes every quote looks back, and never beyond the one before.
  const text = `{"items":[{"a":"${'\\\\\\"'.repeat(50_000)}${"\\\\".repeat(50_000)}"}]}`;
  const bytes = encoder.encode(text);
  const items: number[] = [];
  const splitter = new ListSplitter((item) => items.push(item.length));
  const seen = countReads(() => {
    for (let at = 0; at < bytes.length; at += 1000) splitter.push(bytes.subarray(at, at + 1000));
  });
  assert.deepEqual(items, [bytes.length - '{"items":[]}'.length]);
  assert.ok(seen <= 5 * bytes.length, `${seen} looks at ${bytes.length} bytes`);
});

/** How many bytes `run` looks at by `indexOf` and copies by `set`. */
function countReads(run: () => void): number {
  const { indexOf, set } = Uint8Array.prototype;
  let seen = 0;
  Uint8Array.prototype.indexOf = function (this: Uint8Array, value: number, from = 0) {
    const at = indexOf.call(this, value, from);
    seen += (at < 0 ? this.length : at + 1) - from;
    return at;
  };
  Uint8Array.prototype.set = function (this: Uint8Array, source: ArrayLike<number>, at = 0) {
    seen += source.length;
    set.call(this, source, at);
  };
  try {
    run();
  } finally {
    // Both are inherited.
    Reflect.deleteProperty(Uint8Array.prototype, "indexOf");
    Reflect.deleteProperty(Uint8Array.prototype, "set");
  }
  return seen;
}
