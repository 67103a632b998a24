import assert from "node:assert/strict";
import { ByteBuffer, concatenate } from "../../../../src/runtime/text/bytes.ts";

Deno.test("bytes: parts are put together in their order, by both ways", () => {
  const parts = [[1, 2], [], [3], [4, 5, 6, 7, 8, 9]].map((part) => Uint8Array.from(part));
  const buffer = new ByteBuffer(2);
  for (const part of parts) buffer.append(part);
  const whole = Uint8Array.from([1, 2, 3, 4, 5, 6, 7, 8, 9]);
  assert.deepEqual(concatenate(parts), whole);
  assert.deepEqual([buffer.bytes, buffer.length], [whole, 9]);
  assert.deepEqual([concatenate([]), new ByteBuffer().bytes], [new Uint8Array(), new Uint8Array()]);
});

Deno.test("bytes: what was put in is copied, and may be used for the next part", () => {
  const part = Uint8Array.from([1]);
  const buffer = new ByteBuffer();
  buffer.append(part);
  part[0] = 2;
  buffer.append(part);
  assert.deepEqual(buffer.bytes, Uint8Array.from([1, 2]));
});
