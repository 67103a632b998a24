import assert from "node:assert/strict";
import { Memory } from "../../../src/controller/memory.ts";

const ABSENT = { kind: "absent" } as const;

Deno.test("memory: what is noted of a binding is kept, member by member", () => {
  const memory = new Memory({ now: () => 0 }, () => 0);
  memory.note("a", "uid-1", { inspection: ABSENT });
  memory.note("a", "uid-1", { untold: 2 });
  const { inspection, untold, trouble } = memory.of("a", "uid-1");
  assert.deepEqual([inspection, untold, trouble], [ABSENT, 2, undefined]);
  memory.note("a", "uid-1", { inspection: undefined });
  assert.deepEqual([memory.of("a", "uid-1").inspection, memory.of("a", "uid-1").untold], [
    undefined,
    2,
  ]);
});

Deno.test("memory: a binding made anew under the name of another starts from nothing", () => {
  const memory = new Memory({ now: () => 0 }, () => 0);
  memory.note("a", "uid-1", { untold: 2, inspection: ABSENT });
  assert.deepEqual(memory.of("a", "uid-2"), {});
  memory.note("a", "uid-2", { untold: 1 });
  assert.equal(memory.of("a", "uid-2").inspection, undefined);
  assert.deepEqual(memory.of("a", "uid-1"), {}, "and the other is gone for good");
});

Deno.test("memory: nothing is held of bindings of which nothing is to be remembered", () => {
  const memory = new Memory({ now: () => 0 }, () => 0);
  memory.note("a", "uid-1", { untold: 2 });
  memory.note("b", "uid-2", { untold: undefined });
  assert.equal(memory.size, 1);
  memory.note("a", "uid-1", { untold: undefined });
  assert.equal(memory.size, 0);
  memory.note("a", "uid-1", { untold: 2 });
  memory.forget("a");
  assert.equal(memory.size, 0);
});
