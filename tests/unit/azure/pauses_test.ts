import assert from "node:assert/strict";
import { AzureError, type AzureFailure } from "../../../src/azure/errors.ts";
import { Pauses } from "../../../src/azure/pauses.ts";
import { FakeTime } from "../kubernetes/fake_time.ts";

const BUSY: AzureFailure = {
  endpoint: "exchange",
  host: "busy.azurecr.io",
  class: "throttled",
  reason: "Throttled",
  status: 429,
  problem: "busy.azurecr.io answered HTTP 429",
  remedy: "Wait.",
  retryAfterMs: 60_000,
};

function rig() {
  const time = new FakeTime();
  let skewMs = 0;
  const pauses = new Pauses(time.skewed(() => skewMs));
  const note = (change: Partial<AzureFailure> = {}, key = "busy") =>
    pauses.note(key, new AzureError({ ...BUSY, ...change }));
  /** What is left of a pause, in milliseconds; undefined where there is none. */
  const left = (key = "busy") => {
    try {
      pauses.check(key);
      return undefined;
    } catch (error) {
      return (error as AzureError).failure.retryAfterMs;
    }
  };
  return { time, pauses, note, left, setClock: (byMs: number) => void (skewMs = byMs) };
}

Deno.test("pauses: all are told what the service answered, and how long it asked for", async () => {
  const { time, pauses, note, left } = rig();
  note();
  await time.pass(59_999);
  assert.throws(() => pauses.check("busy"), new AzureError({ ...BUSY, retryAfterMs: 1 }));
  assert.equal(left("other"), undefined);
  await time.pass(1);
  assert.equal(left(), undefined);
});

Deno.test("pauses: a service's own trouble that names a time counts, too", () => {
  const { note, left } = rig();
  note({ class: "transient", status: 503, retryAfterMs: 7000 });
  assert.equal(left(), 7000);
});

for (
  const [what, change] of [
    ["throttling that names no time", { retryAfterMs: 0 }],
    ["a refusal that concerns one identity", { class: "auth-denied" }],
    ["a mistake of the user's", { class: "permanent-user-error" }],
    ["what the API server asks of one ServiceAccount", { endpoint: "tokenrequest" }],
  ] as const
) {
  Deno.test(`pauses: ${what} begins none`, () => {
    const { note, left } = rig();
    note(change);
    assert.equal(left(), undefined);
  });
}

Deno.test("pauses: what is no answer of Azure's begins none", () => {
  const { pauses, left } = rig();
  pauses.note("busy", new Error("boom"));
  assert.equal(left(), undefined);
});

Deno.test("pauses: however long it asks for, somebody tries after an hour", () => {
  const { note, left } = rig();
  note({ retryAfterMs: 999_999_999_999_000 });
  assert.equal(left(), 3_600_000);
});

Deno.test("pauses: a shorter one does not cut a longer one, and a longer one counts", () => {
  const { note, left } = rig();
  note();
  note({ retryAfterMs: 1000 });
  assert.equal(left(), 60_000);
  note({ retryAfterMs: 90_000 });
  assert.equal(left(), 90_000);
});

Deno.test("pauses: one that began before the clock was set back is over", () => {
  const { note, left, setClock } = rig();
  note();
  setClock(-3_600_000);
  assert.equal(left(), undefined);
  note({ retryAfterMs: 1000 });
  assert.equal(left(), 1000, "and another may begin");
});

/** What is left of a pause for those namespaces, in milliseconds; undefined where they have none. */
function leftFor(pauses: Pauses, ...namespaces: string[]): number | undefined {
  try {
    pauses.check("busy", namespaces);
    return undefined;
  } catch (error) {
    return (error as AzureError).failure.retryAfterMs;
  }
}

Deno.test("pauses: what was told in one namespace's name holds for no other", () => {
  const { pauses } = rig();
  pauses.note("busy", new AzureError(BUSY), ["a"]);
  assert.deepEqual([leftFor(pauses, "a"), leftFor(pauses, "b"), leftFor(pauses)], [
    60_000,
    undefined,
    undefined,
  ]);
});

Deno.test("pauses: what is asked in several names waits only where all of them must", () => {
  const { pauses } = rig();
  pauses.note("busy", new AzureError(BUSY), ["a", "b"]);
  assert.equal(leftFor(pauses, "a", "b"), 60_000);
  assert.equal(leftFor(pauses, "a", "c"), undefined);
});

Deno.test("pauses: what everybody was told holds for every namespace", () => {
  const { pauses } = rig();
  pauses.note("busy", new AzureError(BUSY));
  assert.equal(leftFor(pauses, "a"), 60_000);
});

Deno.test("pauses: of those of any number of hosts the last thousand are kept", () => {
  const { pauses, note, left } = rig();
  for (let n = 0; n < 1000; n++) note({}, `host${n}`);
  for (let n = 0; n < 1000; n++) note({}, `other${n}`);
  assert.deepEqual([pauses.size, left("host0"), left("other0")], [1000, undefined, 60_000]);
});
