import assert from "node:assert/strict";
import fc from "fast-check";
import { BoundedMap } from "../../../src/runtime/bounded_map.ts";

Deno.test("a bounded map behaves as a map that forgets what was used least recently", () => {
  const operation = fc.record({
    kind: fc.constantFrom("get", "set", "delete"),
    key: fc.nat({ max: 6 }),
    value: fc.nat(),
  });
  fc.assert(fc.property(fc.array(operation), (operations) => {
    const map = new BoundedMap<number, number>(3);
    let model: [number, number][] = [];
    for (const { kind, key, value } of operations) {
      const known = model.find(([other]) => other === key);
      const rest = model.filter(([other]) => other !== key);
      if (kind === "get") {
        assert.equal(map.get(key), known?.[1]);
        if (known) model = [...rest, known];
      } else if (kind === "set") {
        map.set(key, value);
        model = [...rest, [key, value] as [number, number]].slice(-3);
      } else {
        map.delete(key);
        model = rest;
      }
      assert.equal(map.size, model.length);
    }
  }));
});
