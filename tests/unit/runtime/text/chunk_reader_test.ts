import assert from "node:assert/strict";
import { ChunkReader } from "../../../../src/runtime/text/chunk_reader.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** A body of these chunks, as fetch hands it over or as a text is wrapped. */
function body(kind: "bytes" | "default", chunks: readonly string[], end?: Error) {
  const left = [...chunks];
  const cancelled: unknown[] = [];
  const stream = new ReadableStream<Uint8Array>({
    ...(kind === "bytes" ? { type: "bytes" } : {}) as object,
    pull(controller: ReadableStreamDefaultController<Uint8Array>) {
      const next = left.shift();
      if (next !== undefined) controller.enqueue(encoder.encode(next));
      else if (end !== undefined) controller.error(end);
      else {
        controller.close();
        (controller as unknown as ReadableByteStreamController).byobRequest?.respond(0);
      }
    },
    cancel: (reason) => void cancelled.push(reason),
  }, { highWaterMark: 0 });
  return { stream, cancelled };
}

for (const kind of ["bytes", "default"] as const) {
  Deno.test(`chunk reader: a body of ${kind} is read to its end, chunk by chunk`, async () => {
    const reader = new ChunkReader(body(kind, ["one", "two", "x".repeat(40_000)]).stream);
    let text = "";
    for (let chunk; (chunk = await reader.read()) !== undefined;) text += decoder.decode(chunk);
    assert.equal(text, `onetwo${"x".repeat(40_000)}`);
    assert.equal(await reader.read(), undefined, "and stays there");
  });

  Deno.test(`chunk reader: what breaks a body of ${kind} is passed on`, async () => {
    const broken = new Error("broken");
    const reader = new ChunkReader(body(kind, ["one"], broken).stream);
    assert.equal(decoder.decode(await reader.read()), "one");
    await assert.rejects(reader.read(), broken);
  });

  Deno.test(`chunk reader: a body of ${kind} of which no more is wanted is cancelled`, async () => {
    const { stream, cancelled } = body(kind, ["one", "two"]);
    const reader = new ChunkReader(stream);
    await reader.read();
    await reader.cancel("enough");
    assert.deepEqual(cancelled, ["enough"]);
  });
}

Deno.test("chunk reader: all chunks of fetch's own body come in the same memory", async () => {
  await using server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen: () => {} }, () => {
    let sent = 0;
    return new Response(
      new ReadableStream<Uint8Array>({
        pull(controller) {
          if (sent++ === 50) return controller.close();
          controller.enqueue(new Uint8Array(1000).fill(sent));
        },
      }),
    );
  });
  const response = await fetch(`http://127.0.0.1:${server.addr.port}/`);
  const reader = new ChunkReader(response.body!);
  let length = 0;
  let before: Uint8Array | undefined;
  for (let chunk; (chunk = await reader.read()) !== undefined; before = chunk) {
    length += chunk.length;
    assert.equal(chunk.buffer.byteLength, 16 * 1024);
    // The memory has moved on to the next.
    assert.equal(before?.length ?? 0, 0);
  }
  assert.equal(length, 50_000);
});

Deno.test("chunk reader: a body that somebody reads already is refused", () => {
  const { stream } = body("default", ["one"]);
  stream.getReader();
  assert.throws(() => new ChunkReader(stream), TypeError);
});
