import assert from "node:assert/strict";
import { PageSize } from "../../../../src/kubernetes/informer/page_size.ts";

const KB = 1000;

Deno.test("page size: of ordinary objects every page is as large as it may be", () => {
  const size = new PageSize(500);
  for (
    const [objects, bytes] of [[500, 900 * KB], [500, 1_900 * KB], [3, 2 * KB], [0, 90]] as const
  ) {
    assert.equal(size.next, 500);
    size.read(objects, bytes);
  }
  assert.equal(size.next, 500);
});

Deno.test("page size: large objects are asked for in the numbers that 2 MiB hold, one at least", () => {
  const size = new PageSize(500);
  size.read(500, 500 * 20 * KB);
  assert.equal(size.next, 104);
  size.read(104, 104 * 900 * KB);
  assert.equal(size.next, 2);
  size.read(2, 2 * 9_000 * KB);
  assert.equal(size.next, 1);
});

Deno.test("page size: it doubles where the objects are small again", () => {
  const size = new PageSize(500);
  size.read(40, 40 * 900 * KB);
  const sizes = Array.from({ length: 9 }, () => {
    size.read(size.next, size.next * KB);
    return size.next;
  });
  assert.deepEqual(sizes, [4, 8, 16, 32, 64, 128, 256, 500, 500]);
});

Deno.test("page size: a page that broke off is asked for by halves, down to one object", () => {
  const size = new PageSize(5);
  const sizes = Array.from({ length: 4 }, () => {
    size.failed();
    return size.next;
  });
  assert.deepEqual(sizes, [2, 1, 1, 1]);
});

Deno.test("page size: what nobody measured changes nothing", () => {
  const size = new PageSize(500);
  size.read(500, undefined);
  assert.equal(size.next, 500);
});
