import assert from "node:assert/strict";
import fc from "fast-check";
import { readJson } from "../../../../src/kubernetes/http/body.ts";
import type { JSONValue } from "../../../../src/kubernetes/http/contract.ts";
import { jsonLines } from "../../../../src/kubernetes/http/json_lines.ts";
import { Scratch } from "../../../../src/kubernetes/http/list_splitter.ts";
import { readList } from "../../../../src/kubernetes/http/list_stream.ts";
import { bytesOfLarge, LARGE_BYTES } from "../../../../src/kubernetes/http/measured.ts";

const LONGEST = LARGE_BYTES;

const encoder = new TextEncoder();

/** As Go writes it: some characters take six bytes. */
function json(value: unknown): string {
  return JSON.stringify(value).replaceAll("<", "\\u003c");
}

function inPieces(text: string, size: number): ReadableStream<Uint8Array<ArrayBuffer>> {
  const bytes = encoder.encode(text);
  let at = 0;
  return new ReadableStream({
    pull: (controller) => {
      if (at >= bytes.length) return controller.close();
      controller.enqueue(bytes.slice(at, at += size));
    },
  });
}

/** What reads objects, of which each is followed by a small one. */
const READERS: readonly [
  what: string,
  read: (objects: readonly object[], size: number) => Promise<readonly JSONValue[]>,
][] = [
  ["a list", async (objects, size) => {
    const found: JSONValue[] = [];
    const list = inPieces(`{"items":[${objects.map(json).join(", ")}],"kind":"List"}`, size);
    await readList(list, "GET", (item) => found.push(item), new Scratch(), undefined, LONGEST);
    return found;
  }],
  ["a stream of lines", async (objects, size) => {
    const text = objects.map((object) => `${json(object)}\n`).join("");
    return await Array.fromAsync(jsonLines(inPieces(text, size), "GET", undefined, LONGEST));
  }],
  ["an answer", (objects, size) =>
    Promise.all(
      objects.map((object) => readJson(new Response(inPieces(json(object), size)), "GET", LONGEST)),
    )],
];

const character = fc.constantFrom(
  "x",
  "<",
  '"',
  "\\",
  "\n",
  "\u00e9",
  "\u4e2d",
  "\u{1f600}",
  "{",
  "]",
);
const text = fc.tuple(fc.array(character, { minLength: 1, maxLength: 5 }), fc.nat(20_000))
  .map(([characters, times]) => characters.join("").repeat(times));
const object = fc.dictionary(fc.string({ maxLength: 8 }), text, {
  minKeys: 1,
  maxKeys: 5,
  noNullPrototype: true,
});

for (const [what, read] of READERS) {
  Deno.test(`property: cutting: of ${what} what is large has its strings' beginnings, and is measured whole`, async () => {
    await fc.assert(
      fc.asyncProperty(object, object, fc.integer({ min: 1000, max: 40_000 }), async (...given) => {
        const [first, second, size] = given;
        const objects = [first, { small: "kept" }, second, { small: "kept" }];
        const found = await read(objects, size) as Record<string, string>[];
        assert.equal(found.length, objects.length);
        objects.forEach((whole, index) => check(whole as Record<string, string>, found[index]!));
      }),
      { numRuns: 30, endOnFailure: true },
    );
  });
}

function check(whole: Record<string, string>, found: Record<string, string>): void {
  const bytes = encoder.encode(json(whole)).length;
  assert.deepEqual(Object.keys(found), Object.keys(whole));
  assert.equal(bytesOfLarge(found), bytes > LARGE_BYTES ? bytes : undefined);
  for (const [key, value] of Object.entries(found)) {
    assert.ok(whole[key]!.startsWith(value), "a beginning");
    const isShort = encoder.encode(json(whole[key])).length <= LONGEST - 6;
    if (isShort || bytes <= LARGE_BYTES) assert.equal(value, whole[key]);
  }
}

Deno.test("cutting: a string without end is given up at what no object has", async () => {
  for (const [what, read] of READERS) {
    const endless = read([{ a: "<".repeat(3_000_000) }], 65_536);
    await assert.rejects(endless, { reason: "BadAnswer" }, what);
  }
});

for (
  const { size, cut } of [{ size: 20_000, cut: false }, { size: 40_000, cut: true }]
) {
  Deno.test(`cutting: of a body of ${size} bytes whose length nobody announced strings are ${cut ? "cut" : "left whole"}`, async () => {
    const response = new Response(inPieces(json({ text: "x".repeat(size) }), 1000));
    const { text } = await readJson(response, "GET", 100) as { text: string };
    assert.equal(text.length > 100, !cut);
    if (!cut) assert.equal(text.length, size);
  });
}
