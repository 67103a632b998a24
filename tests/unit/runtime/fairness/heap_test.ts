import assert from "node:assert/strict";
import fc from "fast-check";
import { Heap, type Placed } from "../../../../src/runtime/fairness/heap.ts";

interface Due extends Placed {
  readonly at: number;
}

const earlier = (one: Due, other: Due) => one.at < other.at;

Deno.test("property: heap: what was added and not removed comes out, the earliest first", () => {
  const step = fc.record({
    at: fc.integer({ min: 0, max: 500 }),
    removes: fc.option(fc.nat(), { freq: 2 }),
  });
  fc.assert(
    fc.property(fc.array(step, { minLength: 60, maxLength: 120 }), (steps) => {
      const heap = new Heap<Due>(earlier);
      const held: Due[] = [];
      for (const { at, removes } of steps) {
        const item = { at, place: -1 };
        heap.add(item);
        held.push(item);
        if (removes !== null) heap.remove(held.splice(removes % held.length, 1)[0]!);
        assert.equal(heap.first?.at, held.length === 0 ? undefined : earliest(held));
      }
      const out: number[] = [];
      for (let { first } = heap; first !== undefined; first = heap.first) {
        out.push(first.at);
        heap.remove(first);
      }
      assert.deepEqual(out, held.map(({ at }) => at).sort((a, b) => a - b));
    }),
    { numRuns: 200 },
  );
});

Deno.test("heap: what is not in it is not taken out", () => {
  const heap = new Heap<Due>(earlier);
  const [one, other] = [{ at: 1, place: -1 }, { at: 2, place: -1 }];
  heap.remove(other);
  heap.add(one);
  heap.remove(other);
  heap.remove({ at: 1, place: 0 });
  assert.equal(heap.first, one);
  heap.remove(one);
  heap.remove(one);
  assert.equal(heap.first, undefined);
});

function earliest(items: readonly Due[]): number {
  return Math.min(...items.map(({ at }) => at));
}
