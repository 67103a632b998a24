import assert from "node:assert/strict";
import fc from "fast-check";
import { FairPlaces } from "../../../../src/runtime/fairness/fair_places.ts";

/** Takes places for that namespace until it is refused. Answers how many it got. */
function takeAll(places: FairPlaces, namespace: string, isUrgent = false): number {
  let taken = 0;
  for (; places.hasFree(isUrgent) && places.admits(namespace, isUrgent); taken++) {
    places.take(namespace, isUrgent);
  }
  return taken;
}

for (
  const { places, got } of [
    { places: 32, got: [24, 6, 1, 1, 0] },
    { places: 4, got: [3, 1, 0] },
    { places: 2, got: [1, 1, 0] },
    { places: 1, got: [1, 0] },
    { places: 0, got: [0] },
  ]
) {
  Deno.test(`fair places: of ${places}, those that come one after the other get ${got.join(", ")}`, () => {
    const shared = new FairPlaces({ places });
    assert.deepEqual(got.map((_, index) => takeAll(shared, `n${index}`)), got);
    assert.equal(shared.held, places);
  });
}

Deno.test("fair places: what is given back is there again, once", () => {
  const places = new FairPlaces({ places: 4 });
  const giveBack = places.take("a", false);
  places.take("a", false);
  assert.deepEqual([places.held, places.heldBy("a"), places.heldBy("b")], [2, 2, 0]);
  giveBack();
  giveBack();
  assert.deepEqual([places.held, places.heldBy("a")], [1, 1]);
});

Deno.test("fair places: those for the urgent are shared like the others, and only among them", () => {
  const places = new FairPlaces({ places: 4, forUrgent: 4 });
  assert.equal(takeAll(places, "flood", true), 6);
  assert.equal(takeAll(places, "a", false), 1, "the last of the common ones");
  assert.equal(takeAll(places, "b", false), 0);
  assert.equal(places.hasFree(false), false);
  assert.equal(takeAll(places, "c", true), 1);
  assert.equal(takeAll(places, "d", true), 0);
});

for (
  const { places, forUrgent, forOthers, urgent, others } of [
    // 18 and 3, 4 and 1, then one each; of those left to others half.
    { places: 32, forUrgent: 4, forOthers: 8, urgent: [21, 5, 1, 1, 1, 1, 1, 1, 0], others: 4 },
    { places: 4, forUrgent: 2, forOthers: 2, urgent: [2, 2, 1, 0], others: 1 },
    { places: 4, forUrgent: 0, forOthers: 1, urgent: [2, 1, 0], others: 1 },
    { places: 2, forUrgent: 0, forOthers: 2, urgent: [1, 0], others: 1 },
  ]
) {
  Deno.test(
    `fair places: of ${places} and ${forUrgent}, the urgent that come one after the other get ${
      urgent.join(", ")
    }, and newcomers ${others}`,
    () => {
      const shared = new FairPlaces({ places, forUrgent, forOthers });
      assert.deepEqual(urgent.map((_, index) => takeAll(shared, `n${index}`, true)), urgent);
      assert.deepEqual([shared.hasFree(true), shared.hasFree(false)], [false, others > 0]);
      for (let index = 0; index < others; index++) shared.take(`new${index}`, false);
      assert.equal(shared.hasFree(false), false);
    },
  );
}

Deno.test("fair places: two namespaces that claim urgency leave a place to a third, whatever they had before", () => {
  const places = new FairPlaces({ places: 32, forUrgent: 4, forOthers: 8 });
  const ends = Array.from({ length: 24 }, () => places.take("a", false));
  takeAll(places, "b", true);
  for (const end of ends) {
    end();
    takeAll(places, "a", true);
    takeAll(places, "b", true);
    assert.ok(places.admits("due", true), `after ${places.heldBy("a")} and ${places.heldBy("b")}`);
  }
});

Deno.test("fair places: of one for each namespace, none has two", () => {
  const places = new FairPlaces({ places: 3, alpha: 0 });
  assert.deepEqual(["a", "b", "c", "d"].map((name) => takeAll(places, name)), [1, 1, 1, 0]);
});

Deno.test("fair places: who holds more than there are from now on keeps them, and gets no more", () => {
  const places = new FairPlaces({ places: 4, alpha: 9 });
  const ends = Array.from({ length: 3 }, () => places.take("a", false));
  places.resize({ places: 2, alpha: 9 });
  assert.deepEqual([places.held, places.hasFree(false), places.admits("b", false)], [
    3,
    false,
    false,
  ]);
  ends.pop()!();
  assert.equal(places.admits("b", false), false);
  ends.pop()!();
  assert.deepEqual([places.admits("b", false), places.held], [true, 1]);
  places.resize({ places: 8, alpha: 9 });
  assert.equal(takeAll(places, "a"), 6);
});

Deno.test("fair places: who is not admitted gets none", () => {
  const places = new FairPlaces({ places: 2 });
  places.take("a", false);
  assert.throws(() => places.take("a", false), RangeError);
});

Deno.test("property: never more than there are, and one that holds none is admitted while any is free", () => {
  const step = fc.record({
    namespace: fc.constantFrom("a", "b", "c", "d", "e"),
    isUrgent: fc.boolean(),
    ends: fc.option(fc.nat()),
  });
  fc.assert(
    fc.property(
      fc.array(step, { maxLength: 100 }),
      fc.integer({ min: 1, max: 40 }),
      fc.integer({ min: 0, max: 5 }),
      fc.integer({ min: 0, max: 10 }),
      (steps, count, forUrgent, left) => {
        const forOthers = Math.min(left, count);
        const places = new FairPlaces({ places: count, forUrgent, forOthers });
        const held: { namespace: string; giveBack: () => void }[] = [];
        for (const { namespace, isUrgent, ends } of steps) {
          const mine = held.filter((each) => each.namespace === namespace).length;
          assert.equal(places.heldBy(namespace), mine);
          if (mine === 0) {
            assert.equal(places.admits(namespace, isUrgent), places.hasFree(isUrgent));
          }
          if (places.admits(namespace, isUrgent)) {
            held.push({ namespace, giveBack: places.take(namespace, isUrgent) });
          }
          assert.ok(held.length <= count + forUrgent);
          if (ends !== null && held.length > 0) {
            held.splice(ends % held.length, 1)[0]!.giveBack();
          }
          assert.equal(places.held, held.length);
        }
      },
    ),
  );
});
