import assert from "node:assert/strict";
import { type Asker, Askers } from "../../../src/azure/askers.ts";

function asker(namespace: string, until?: number): Asker {
  return until === undefined ? { namespace } : { namespace, urgency: { from: until - 10, until } };
}

const shown = ({ namespaces, urgency }: Askers) => [[...namespaces], urgency?.until];

Deno.test("askers: all namespaces count, and the most urgent of them", () => {
  const askers = new Askers([asker("a"), asker("b", 50), asker("c", 90)]);
  assert.deepEqual(shown(askers), [["a", "b", "c"], 50]);
  askers.join(asker("a", 20));
  assert.deepEqual(shown(askers), [["a", "b", "c"], 20]);
});

Deno.test("askers: who is urgent earlier and who is too late earlier both count", () => {
  const askers = new Askers([{ namespace: "a", urgency: { from: 10, until: 90 } }]);
  askers.join({ namespace: "b", urgency: { from: 40, until: 50 } });
  assert.deepEqual(askers.urgency, { from: 10, until: 50 });
});

Deno.test("askers: those of others are taken in, and whoever joins them later", () => {
  const first = new Askers([asker("a", 50)]);
  const all = new Askers();
  all.follow(first);
  assert.deepEqual(shown(all), [["a"], 50]);
  first.join(asker("b"));
  first.join(asker("c", 20));
  assert.deepEqual(shown(all), [["a", "b", "c"], 20]);
  const further = new Askers([asker("z")]);
  further.follow(all);
  first.join(asker("d", 10));
  assert.deepEqual(shown(further), [["z", "a", "b", "c", "d"], 10]);
  assert.deepEqual(shown(first), [["a", "b", "c", "d"], 10], "and not the other way round");
});

Deno.test("askers: only news is told, until nobody listens", () => {
  const askers = new Askers([asker("a", 50)]);
  const told: string[] = [];
  const stop = askers.onJoin(({ namespace }) => told.push(namespace));
  for (const each of [asker("a"), asker("a", 60), asker("a", 40), asker("b")]) askers.join(each);
  stop();
  askers.join(asker("c"));
  assert.deepEqual(told, ["a", "b"]);
});
