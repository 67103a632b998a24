import assert from "node:assert/strict";
import fc from "fast-check";
import {
  type Admission,
  FairLine,
  type Waiting,
} from "../../../../src/runtime/fairness/fair_line.ts";
import { FairPlaces } from "../../../../src/runtime/fairness/fair_places.ts";

const ALL: Admission = { hasFree: () => true, admits: () => true };

/** Items are named `namespace/rest`. */
function rig() {
  const clock = { now: 0 };
  const line = new FairLine<string>(() => clock.now);
  const add = (item: string, until?: number, from = -Infinity) =>
    line.add(item, [item.split("/")[0]!], until === undefined ? undefined : { from, until });
  const takeAll = (admission = ALL) => {
    const items: string[] = [];
    for (let taken = line.take(admission); taken; taken = line.take(admission)) {
      items.push(taken.waiting.item);
    }
    return items.join(" ");
  };
  return { clock, line, add, takeAll };
}

Deno.test("fair line: namespaces are served by turns, and each in the order of its coming", () => {
  const { line, add, takeAll } = rig();
  for (const item of ["a/1", "a/2", "a/3", "b/1", "a/4", "c/1", "b/2"]) add(item);
  assert.equal(line.size, 7);
  assert.equal(takeAll(), "a/1 b/1 c/1 a/2 b/2 a/3 a/4");
  assert.deepEqual([line.size, line.take(ALL)], [0, undefined]);
});

Deno.test("fair line: what is urgent goes before all else, that which is too late first before others", () => {
  const { add, takeAll } = rig();
  add("a/1");
  add("a/late", 300);
  add("b/1");
  add("c/soon", 100);
  add("b/next", 200);
  assert.equal(takeAll(), "c/soon b/next a/late a/1 b/1");
});

Deno.test("fair line: a flood of claimed urgency has one turn a round, like the urgent of others", () => {
  const { add, takeAll } = rig();
  for (let index = 0; index < 5; index++) add(`forger/${index}`, -index);
  add("a/1", 500);
  add("b/1", 400);
  assert.equal(
    takeAll(),
    "forger/4 b/1 a/1 forger/3 forger/2 forger/1 forger/0",
  );
});

Deno.test("fair line: who claims urgency for one thing after the other has one turn a round, too", () => {
  const { line, add } = rig();
  add("a/1", 500);
  add("a/2", 600);
  add("b/1", 550);
  let forged = 0;
  const served: string[] = [];
  for (let turn = 0; turn < 8; turn++) {
    add(`forger/${forged++}`, -1);
    served.push(line.take(ALL)!.waiting.item);
  }
  assert.ok(served.indexOf("a/1") < 4, served.join(" "));
  assert.ok(served.indexOf("b/1") < 4, served.join(" "));
  assert.ok(served.indexOf("a/2") < 7, served.join(" "));
});

Deno.test("fair line: what becomes urgent while it waits goes first from then on", () => {
  const { clock, line, add, takeAll } = rig();
  add("a/1");
  add("b/later", 500, 100);
  add("c/earlier", 400, 100);
  assert.equal(line.take(ALL)?.waiting.item, "a/1");
  add("a/2");
  clock.now = 100;
  assert.equal(takeAll(), "c/earlier b/later a/2");
});

Deno.test("fair line: one that waits is hastened, or loses its urgency", () => {
  const { line, add, takeAll } = rig();
  const [, b, c] = [add("a/1"), add("b/1"), add("c/1", 100)];
  line.rank(b!, { from: 0, until: 50 });
  line.rank(c!, undefined);
  assert.equal(takeAll(), "b/1 a/1 c/1");
});

Deno.test("fair line: what is removed is not served, and what is put back comes before all after it", () => {
  const { line, add, takeAll } = rig();
  const first = add("a/1");
  const second = add("a/2");
  assert.deepEqual([line.remove(first), line.remove(first)], [true, false]);
  add("a/3");
  line.putBack(first);
  line.putBack(first);
  assert.equal(line.size, 3);
  assert.deepEqual([line.remove(second), line.size], [true, 2]);
  assert.equal(takeAll(), "a/1 a/3");
  line.putBack(second);
  assert.equal(takeAll(), "a/2");
});

Deno.test("fair line: what waits for several namespaces is served once, when the first has its turn", () => {
  const { line, add } = rig();
  for (let index = 0; index < 4; index++) add(`a/${index}`);
  const shared = line.add("shared", ["a"]);
  line.join(shared, "b");
  line.join(shared, "b");
  assert.equal(line.size, 5);
  assert.equal(line.take(ALL)?.waiting.item, "a/0");
  const { waiting, namespace } = line.take(ALL)!;
  assert.deepEqual([waiting, namespace], [shared, "b"]);
  assert.deepEqual([line.take(ALL)?.waiting.item, line.size], ["a/1", 2]);
});

Deno.test("fair line: who is not admitted keeps the turn, and holds nobody up", () => {
  const { line, add, takeAll } = rig();
  for (const item of ["a/1", "b/1", "b/2", "c/1", "c/2"]) add(item);
  const without = (refused: string): Admission => ({
    hasFree: () => true,
    admits: (namespace) => namespace !== refused,
  });
  assert.equal(line.take(without("a"))?.waiting.item, "b/1");
  assert.equal(line.take(without("a"))?.waiting.item, "c/1");
  assert.equal(line.take(without("a"))?.waiting.item, "b/2", "a new round, for those that may");
  assert.equal(takeAll(), "a/1 c/2");
});

Deno.test("fair line: nobody is looked for while no place is free", () => {
  const { line, add } = rig();
  add("a/1");
  add("b/1", 5);
  const admits = () => assert.fail("looked for somebody");
  assert.equal(line.take({ hasFree: () => false, admits }), undefined);
});

Deno.test("fair line: places for the urgent alone are theirs, when the others are taken", () => {
  const places = new FairPlaces({ places: 1, forUrgent: 1 });
  const { line, add } = rig();
  add("a/1");
  add("b/1");
  add("c/1", 5);
  const take = () => {
    const taken = line.take(places);
    if (taken) places.take(taken.namespace, taken.isUrgent);
    return taken?.waiting.item;
  };
  assert.deepEqual([take(), take()], ["c/1", undefined]);
  add("d/1", 6);
  assert.deepEqual([take(), take(), places.held], ["d/1", undefined, 2]);
});

Deno.test("property: all that is added and not removed is served once, and nobody waits for two of another namespace", () => {
  const namespace = fc.constantFrom("a", "b", "c", "d");
  const step = fc.oneof(
    fc.record({
      kind: fc.constant("add" as const),
      namespaces: fc.uniqueArray(namespace, { minLength: 1, maxLength: 2 }),
      until: fc.option(fc.integer({ min: 0, max: 50 })),
      from: fc.integer({ min: 0, max: 40 }),
    }),
    fc.record({ kind: fc.constant("remove" as const), which: fc.nat() }),
    fc.record({ kind: fc.constant("putBack" as const), which: fc.nat() }),
    fc.record({ kind: fc.constant("take" as const) }),
    fc.record({ kind: fc.constant("pass" as const), ms: fc.nat({ max: 10 }) }),
    fc.record({
      kind: fc.constant("rank" as const),
      which: fc.nat(),
      until: fc.option(fc.integer({ min: 0, max: 50 })),
    }),
    fc.record({ kind: fc.constant("join" as const), which: fc.nat(), namespace }),
  );
  fc.assert(
    fc.property(fc.array(step, { minLength: 20, maxLength: 120 }), (steps) => {
      let now = 0;
      const line = new FairLine<number>(() => now);
      const waiting = new Set<Waiting<number>>();
      const known: Waiting<number>[] = [];
      /** For each that waits: how often others of one namespace and class went before it. */
      const overtaken = new Map<
        Waiting<number>,
        { readonly isUrgent: boolean; readonly counts: Map<string, number> }
      >();
      const pick = (which: number) => known[which % Math.max(1, known.length)];
      const begin = (one: Waiting<number>) => {
        waiting.add(one);
        overtaken.delete(one);
      };
      for (const each of steps) {
        switch (each.kind) {
          case "add": {
            const { until, from, namespaces } = each;
            const one = line.add(
              known.length,
              namespaces,
              until === null ? undefined : { from, until },
            );
            known.push(one);
            begin(one);
            break;
          }
          case "remove": {
            const one = pick(each.which);
            if (one !== undefined) assert.equal(line.remove(one), waiting.delete(one));
            break;
          }
          case "putBack": {
            const one = pick(each.which);
            if (one === undefined || waiting.has(one)) break;
            line.putBack(one);
            begin(one);
            break;
          }
          case "rank": {
            const one = pick(each.which);
            if (one === undefined) break;
            line.rank(one, each.until === null ? undefined : { from: 0, until: each.until });
            overtaken.delete(one);
            break;
          }
          case "join": {
            const one = pick(each.which);
            if (one !== undefined) line.join(one, each.namespace);
            break;
          }
          case "pass":
            now += each.ms;
            break;
          case "take": {
            const taken = line.take(ALL);
            assert.equal(taken === undefined, waiting.size === 0);
            if (taken === undefined) break;
            assert.ok(waiting.delete(taken.waiting), "served twice");
            assert.ok(taken.waiting.seats.has(taken.namespace));
            for (const one of waiting) {
              if (one.isUrgent && !taken.isUrgent) assert.fail("an urgent one was passed over");
              const known = overtaken.get(one);
              const counts = known?.isUrgent === one.isUrgent
                ? known.counts
                : new Map<string, number>();
              overtaken.set(one, { isUrgent: one.isUrgent, counts });
              // Only the first of a namespace can claim its turn, and only among its own kind.
              const claims = one.isUrgent === taken.isUrgent && !one.seats.has(taken.namespace) &&
                isFirst(one, waiting);
              if (!claims) counts.clear();
              const count = (counts.get(taken.namespace) ?? 0) + 1;
              if (claims) counts.set(taken.namespace, count);
              // One of what is left of a round, one of the next.
              assert.ok(count <= 2, `passed over ${count} times for one namespace`);
            }
          }
        }
        assert.equal(line.size, waiting.size);
      }
      while (waiting.size > 0) assert.ok(waiting.delete(line.take(ALL)!.waiting));
      assert.equal(line.take(ALL), undefined);
    }),
    { numRuns: 300 },
  );
});

/** Whether none of its namespaces has another that is to go before it. */
function isFirst(one: Waiting<number>, waiting: ReadonlySet<Waiting<number>>): boolean {
  const goesBefore = (other: Waiting<number>) =>
    other.isUrgent && other.urgency!.until !== one.urgency!.until
      ? other.urgency!.until < one.urgency!.until
      : other.order < one.order;
  return ![...waiting].some((other) =>
    other !== one && other.isUrgent === one.isUrgent && goesBefore(other) &&
    [...other.seats.keys()].some((namespace) => one.seats.has(namespace))
  );
}

Deno.test("fair line: twenty thousand that wait cost a few comparisons each", () => {
  let comparisons = 0;
  const line = new FairLine<number>(() => 0);
  const urgency = (until: number) => ({
    from: -1,
    get until() {
      comparisons++;
      return until;
    },
  });
  const count = 20_000;
  for (let index = 0; index < count; index++) {
    line.add(index, [`n${index % 1000}`], urgency((index * 7919) % count));
  }
  const places = new FairPlaces({ places: 32 });
  const ends: (() => void)[] = [];
  let served = 0;
  while (line.size > 0) {
    for (let taken = line.take(places); taken; taken = line.take(places)) {
      ends.push(places.take(taken.namespace, taken.isUrgent));
      served++;
    }
    ends.shift()!();
  }
  assert.equal(served, count);
  assert.ok(comparisons / count < 400, `${comparisons / count} a piece`);
});
