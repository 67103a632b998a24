import assert from "node:assert/strict";
import type { Series } from "../../../../src/kubernetes/events/event.ts";
import { SeriesQueue, type Write } from "../../../../src/kubernetes/events/series_queue.ts";
import { FakeTime } from "../fake_time.ts";

function series(namespace: string, reason = "Failed"): Series {
  const subject = { apiVersion: "v1", kind: "Thing", namespace, name: "web", uid: "uid" };
  const times = { firstMs: 0, lastMs: 0 };
  return { subject, type: "Warning", reason, message: "m", eventName: "e", ...times, count: 1 };
}

function queueOf(numbers: Record<string, number>): SeriesQueue {
  const queue = new SeriesQueue(new FakeTime().clock);
  for (const [namespace, number] of Object.entries(numbers)) {
    for (let index = 0; index < number; index++) queue.add(series(namespace, `${index}`));
  }
  return queue;
}

/** All that is left, written without a failure. */
function writeAll(queue: SeriesQueue): Write[] {
  const writes: Write[] = [];
  for (let write = queue.take(); write !== undefined; write = queue.take()) {
    writes.push(write);
    write.leave(0);
    write.end();
  }
  return writes;
}

const FULL: {
  name: string;
  queued: Record<string, number>;
  comes: string;
  left: Record<string, number>;
}[] = [
  {
    name: "of the namespace that fills it alone, the last that comes is dropped",
    queued: { noisy: 1_000 },
    comes: "noisy",
    left: { noisy: 1_000 },
  },
  {
    name: "another namespace's takes the room of one of the longest line",
    queued: { some: 300, noisy: 700 },
    comes: "quiet",
    left: { some: 300, noisy: 699, quiet: 1 },
  },
  {
    name: "one of a line nearly as long as the longest is dropped",
    queued: { noisy: 500, other: 500 },
    comes: "other",
    left: { noisy: 500, other: 500 },
  },
  {
    name: "one more namespace than there is room for is dropped",
    queued: Object.fromEntries(Array.from({ length: 1_000 }, (_, index) => [`n-${index}`, 1])),
    comes: "quiet",
    left: Object.fromEntries(Array.from({ length: 1_000 }, (_, index) => [`n-${index}`, 1])),
  },
];

for (const { name, queued, comes, left } of FULL) {
  Deno.test(`series queue: when it is full, ${name}`, () => {
    const queue = queueOf(queued);
    assert.equal(queue.size, 1_000);
    assert.equal(queue.add(series(comes, "last")), false);
    assert.equal(queue.size, 1_000);
    const found: Record<string, number> = {};
    for (const { namespace } of writeAll(queue)) found[namespace] = (found[namespace] ?? 0) + 1;
    assert.deepEqual(found, left);
  });
}

Deno.test("series queue: a namespace's order stays, and what is dropped is its last", () => {
  const queue = queueOf({ noisy: 1_000 });
  queue.add(series("quiet"));
  const reasons = writeAll(queue).filter(({ namespace }) => namespace === "noisy")
    .map((write) => write.series.reason);
  assert.deepEqual(reasons, Array.from({ length: 999 }, (_, index) => `${index}`));
});

Deno.test("series queue: what is put back goes first, once, and no other of its namespace before", () => {
  const queue = queueOf({ team: 2 });
  const first = queue.take()!;
  queue.add(first.series);
  first.leave(0);
  first.putBack();
  assert.equal(queue.size, 2);
  assert.equal(queue.take(), undefined, "its namespace waits");
  first.end();
  assert.deepEqual(writeAll(queue).map((write) => write.series.reason), ["0", "1"]);
});

Deno.test("series queue: nothing is kept of namespaces that have nothing to write", () => {
  const written = queueOf({ one: 3, two: 5 });
  assert.equal(written.namespaces, 2);
  writeAll(written);
  const cleared = queueOf({ one: 3, two: 5 });
  const under = cleared.take()!;
  cleared.clear();
  under.leave(0);
  under.end();
  for (const queue of [written, cleared]) {
    assert.deepEqual([queue.namespaces, queue.size, queue.unwritten], [0, 0, 0]);
  }
});
