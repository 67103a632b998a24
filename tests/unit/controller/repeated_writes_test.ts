import assert from "node:assert/strict";
import fc from "fast-check";
import type { BindingView } from "../../../src/controller/binding/view.ts";
import type { Action } from "../../../src/controller/plan/actions.ts";
import type { Snapshot } from "../../../src/controller/plan/snapshot.ts";
import { Memory } from "../../../src/controller/memory.ts";
import {
  account,
  CLIENT_ID,
  HOUR,
  MINUTE,
  NOW,
  SECOND,
  secretOf,
  SERVER,
  snapshotOf,
  viewV1,
} from "./builders.ts";

const V1 = viewV1();
const KEY = "v1beta1/team-a/pull";
const SECRET = secretOf(V1);
const ATTACH: Action = { kind: "addReference", serviceAccount: "default", secret: "s" };
const DETACH: Action = { kind: "removeReferences", serviceAccount: "default", secrets: ["s"] };
const MINT: Action = {
  kind: "mint",
  request: {
    identity: { kind: "managedIdentity", clientId: CLIENT_ID },
    audience: "a",
    server: SERVER,
    scope: "",
  },
  write: { mode: "create" },
  reason: "a test",
};

function rig(binding: BindingView = V1, random = () => 0) {
  const time = { now: NOW };
  const writes = new Memory({ now: () => time.now }, random);
  const snapshot = snapshotOf(binding);
  const write = (action: Action, isUndone?: boolean, dueAt?: number) =>
    writes.wrote(KEY, snapshot, action, { isUndone: isUndone ?? false, dueAt });
  const waitFor = (action: Action, at: Snapshot = snapshot) => {
    const held = writes.heldBy(KEY, at, action);
    return held === undefined ? 0 : held.notBefore - time.now;
  };
  return { time, writes, snapshot, write, waitFor };
}

Deno.test("repeated writes: what was never written is not held", () => {
  assert.equal(rig().waitFor(ATTACH), 0);
});

Deno.test("repeated writes: the first that somebody undid is made again at once, the others ever later", () => {
  const { time, write, waitFor } = rig();
  const waits: number[] = [];
  for (let n = 0; n < 10; n++) {
    write(ATTACH);
    const wait = waitFor(ATTACH);
    waits.push(wait / SECOND);
    time.now += wait;
    assert.equal(waitFor(ATTACH), 0, "at its moment it is made");
  }
  assert.deepEqual(waits, [0, 5, 10, 20, 40, 80, 160, 300, 300, 300]);
});

Deno.test("repeated writes: one that is undone in its own answer is held from the first on", () => {
  const { time, write, waitFor } = rig();
  const waits: number[] = [];
  for (let n = 0; n < 4; n++) {
    write(ATTACH, true);
    waits.push(waitFor(ATTACH) / SECOND);
    time.now += waits.at(-1)! * SECOND;
  }
  assert.deepEqual(waits, [5, 10, 20, 40]);
});

Deno.test("repeated writes: what has stood long enough is no row any more", () => {
  const { time, write, waitFor } = rig();
  for (let n = 0; n < 5; n++) write(ATTACH);
  time.now += 15 * MINUTE;
  assert.equal(waitFor(ATTACH), 0);
  assert.equal(write(ATTACH).times, 1);
  assert.equal(waitFor(ATTACH), 0);
});

Deno.test("repeated writes: a clock that was set back holds nothing", () => {
  const { time, write, waitFor } = rig();
  for (let n = 0; n < 5; n++) write(ATTACH);
  time.now -= HOUR;
  assert.equal(waitFor(ATTACH), 0);
});

Deno.test("repeated writes: the operator's own change of mind begins a new row", () => {
  const { write, waitFor } = rig();
  for (let n = 0; n < 5; n++) {
    assert.equal(write(ATTACH).times, 1);
    assert.equal(write(DETACH).times, 1);
  }
  assert.equal(waitFor(ATTACH), 0);
  assert.equal(write({ kind: "addFinalizer" }).times, 1);
  assert.equal(write({ kind: "removeFinalizer" }).times, 1);
  assert.equal(write({ kind: "addFinalizer" }).times, 1);
});

const OTHERS: readonly [what: string, Action, Snapshot][] = [
  ["another Secret", { ...ATTACH, secret: "t" } as Action, snapshotOf(V1)],
  [
    "an account that was made anew",
    ATTACH,
    snapshotOf(V1, {
      accounts: [{ ...account("default"), uid: "uid-anew" }],
    }),
  ],
  ["a binding that was made anew", ATTACH, snapshotOf({ ...V1, uid: "uid-anew" })],
];

for (const [what, action, snapshot] of OTHERS) {
  Deno.test(`repeated writes: ${what} has a row of its own`, () => {
    const { write, waitFor } = rig();
    for (let n = 0; n < 5; n++) write(ATTACH);
    assert.equal(waitFor(action, snapshot), 0);
    assert.ok(waitFor(ATTACH) > 0);
  });
}

Deno.test("repeated writes: a credential for something else is another write", () => {
  const { write, writes, waitFor, snapshot } = rig();
  for (let n = 0; n < 5; n++) write(MINT);
  assert.ok(waitFor(MINT) > 0);
  const changed = { ...snapshot, binding: { ...V1, inputsHash: "changed" } };
  assert.equal(writes.heldBy(KEY, changed, MINT), undefined);
  assert.equal(waitFor({ ...MINT, identityHash: "another" }), 0);
});

Deno.test("repeated writes: a credential that is due by itself was not undone", () => {
  const { time, write, waitFor } = rig();
  for (let n = 0; n < 5; n++) write(MINT, false, time.now + MINUTE);
  assert.ok(waitFor(MINT) > 0, "before that it was");
  time.now += MINUTE;
  assert.equal(waitFor(MINT), 0);
  assert.equal(write(MINT, false, time.now + MINUTE).times, 1);
});

Deno.test("repeated writes: one that was undone at once is never due by itself", () => {
  const { time, write, waitFor } = rig();
  for (let n = 0; n < 5; n++) write(MINT, true, time.now + SECOND);
  time.now += 2 * SECOND;
  assert.ok(waitFor(MINT) > 0);
});

Deno.test("repeated writes: a status is the same but for the moments of transitions", () => {
  const { write, waitFor } = rig();
  const status = (lastTransitionTime: string, reason = "X"): Action => ({
    kind: "writeStatus",
    status: {
      conditions: [{ type: "Ready", status: "True", lastTransitionTime, reason, message: "" }],
    },
  });
  for (let n = 0; n < 4; n++) write(status(`2026-01-01T00:00:0${n}Z`));
  assert.ok(waitFor(status("2026-01-01T00:00:09Z")) > 0);
  assert.equal(waitFor(status("2026-01-01T00:00:00Z", "Y")), 0);
});

Deno.test("repeated writes: what is put right of a Secret is the same whatever moment it tells", () => {
  const { write, waitFor } = rig();
  const adopt = (moment: string): Action => ({
    kind: "adoptSecret",
    secret: SECRET,
    labels: { l: "1" },
    annotations: { refresh: moment },
  });
  for (let n = 0; n < 4; n++) write(adopt(String(n)));
  assert.ok(waitFor(adopt("9")) > 0);
});

Deno.test("repeated writes: a Secret that somebody makes anew each time is deleted ever more rarely", () => {
  const { write, waitFor } = rig();
  const remove = (uid: string): Action => ({
    kind: "deleteSecret",
    secret: { ...SECRET, uid },
    reason: "a test",
  });
  for (let n = 0; n < 4; n++) write(remove(`uid-${n}`));
  assert.ok(waitFor(remove("uid-9")) > 0);
});

Deno.test("repeated writes: a look is no write", () => {
  const { write, writes } = rig();
  const look: Action = { kind: "inspectSecret", name: "s" };
  assert.equal(write(look).times, 0);
  assert.equal(writes.size, 0);
});

Deno.test("repeated writes: nothing is held of bindings that are gone, or were not written for long", () => {
  const { time, write, writes, snapshot } = rig();
  write(ATTACH);
  writes.forget(KEY);
  assert.equal(writes.size, 0);
  for (let n = 0; n < 100; n++) {
    writes.wrote(`v1beta1/team-a/b${n}`, snapshot, ATTACH, { isUndone: false });
  }
  assert.equal(writes.size, 100);
  time.now += 15 * MINUTE;
  write(ATTACH);
  assert.equal(writes.size, 1, "they are dropped by the next that is written");
});

/** Removals of our reference from as many accounts, in the order in which a plan has them. */
const removals = (count: number): readonly Action[] =>
  Array.from({ length: count }, (_, n) => ({ ...DETACH, serviceAccount: `x${n}` } as Action));

/** A generator of numbers that are the same in each run. */
function lcg(): () => number {
  let state = 1;
  return () => (state = (state * 1_664_525 + 1_013_904_223) % 2 ** 32) / 2 ** 32;
}

Deno.test("repeated writes: what is cleared away for the first time is not held, in however many places", () => {
  const { write, waitFor } = rig();
  for (const action of removals(1000)) {
    assert.equal(waitFor(action), 0);
    assert.equal(write(action).times, 1);
  }
});

for (const count of [5, 9, 20, 200]) {
  for (const { order, shuffled } of [{ order: "one" }, { order: "any", shuffled: true }]) {
    Deno.test(`repeated writes: who undoes ${count} places a second in ${order} order is followed ever more slowly`, () => {
      const random = lcg();
      const { time, write, waitFor } = rig(V1, random);
      let written = 0;
      for (let second = 0; second < 600; second++) {
        const places = [...removals(count)];
        if (shuffled) places.sort(() => random() - 0.5);
        // The first that is held ends the work on a binding.
        const held = places.findIndex((action) => waitFor(action) > 0 || (write(action), false));
        written += held < 0 ? count : held;
        time.now += SECOND;
      }
      assert.ok(written <= 10 * count, `${written} writes in ten minutes`);
    });
  }
}

Deno.test("repeated writes: what is cleared away in many places takes no row from what is written in one", () => {
  const { write, waitFor } = rig();
  for (let n = 0; n < 4; n++) write(ATTACH);
  for (let n = 0; n < 4; n++) write({ kind: "addFinalizer" });
  for (let n = 0; n < 4; n++) write(MINT);
  for (const action of [...removals(100), ...removals(100)]) write(action);
  for (const action of [ATTACH, MINT, { kind: "addFinalizer" } as Action]) {
    assert.ok(waitFor(action) > 0, action.kind);
  }
});

Deno.test("property: repeated writes: however writes come, each place's row has its bound", () => {
  const step = fc.record({ secret: fc.nat({ max: 40 }), afterMs: fc.nat({ max: 10 * MINUTE }) });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const { time, write, waitFor } = rig();
      for (const { secret, afterMs } of steps) {
        time.now += afterMs;
        const action = { ...ATTACH, secret: `s${secret}` } as Action;
        const wait = waitFor(action);
        assert.ok(wait >= 0 && wait <= 375 * SECOND, `${wait}`);
        if (wait === 0) assert.ok(write(action).times >= 1);
      }
    }),
    { numRuns: 100 },
  );
});
