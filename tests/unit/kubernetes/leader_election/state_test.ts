import assert from "node:assert/strict";
import fc from "fast-check";
import {
  leaderIdentity,
  type Lease,
  type LeaseRecord,
  microTime,
  recordOf,
} from "../../../../src/kubernetes/leader_election/record.ts";
import {
  decide,
  type Decision,
  freeAt,
  observe,
  released,
  type SeenLease,
} from "../../../../src/kubernetes/leader_election/state.ts";
import type { Stored } from "../../../../src/kubernetes/resources/resource_client.ts";

const NOW = { monotonic: 100_000, wall: Date.UTC(2026, 5, 1, 12, 0, 0, 7) };
const NOW_TEXT = "2026-06-01T12:00:00.007000Z";
const EARLIER = "2026-06-01T11:00:00.000000Z";

function record(changes: Partial<LeaseRecord> = {}): LeaseRecord {
  return {
    holderIdentity: "other",
    leaseDurationSeconds: 15,
    acquireTime: EARLIER,
    renewTime: EARLIER,
    leaseTransitions: 4,
    ...changes,
  };
}

function lease(spec: Lease["spec"]): Stored<Lease> {
  const metadata = { name: "l", namespace: "ns", uid: "u", resourceVersion: "9" };
  return { metadata, ...(spec && { spec }) };
}

function seen(changes: Partial<LeaseRecord>, ageMs: number): SeenLease {
  const spec = record(changes);
  return { lease: lease(spec), record: spec, since: NOW.monotonic - ageMs };
}

const taken = {
  holderIdentity: "me",
  leaseDurationSeconds: 15,
  acquireTime: NOW_TEXT,
  renewTime: NOW_TEXT,
};
const fresh = seen({}, 14_999);
const expired = seen({}, 15_000);
const free = seen({ holderIdentity: "", leaseDurationSeconds: 1 }, 0);
const blank = { ...seen({}, 0), record: recordOf(lease(undefined)) };
const mine = seen({ holderIdentity: "me" }, 5_000);

const CASES: {
  name: string;
  seen: SeenLease | undefined;
  exists: boolean;
  leading: boolean;
  expected: Decision;
}[] = [
  {
    name: "a candidate that never saw a Lease creates it with no transition",
    seen: undefined,
    exists: false,
    leading: false,
    expected: { kind: "create", record: { ...taken, leaseTransitions: 0 } },
  },
  {
    name: "a candidate waits while another's record has stood for less than its duration",
    seen: fresh,
    exists: true,
    leading: false,
    expected: { kind: "yield", holder: "other", freeAt: NOW.monotonic + 1 },
  },
  {
    name: "a candidate takes over when the record has stood for its duration",
    seen: expired,
    exists: true,
    leading: false,
    expected: { kind: "update", seen: expired, record: { ...taken, leaseTransitions: 5 } },
  },
  {
    name: "a candidate takes a lease that was given back, at once",
    seen: free,
    exists: true,
    leading: false,
    expected: { kind: "update", seen: free, record: { ...taken, leaseTransitions: 5 } },
  },
  {
    name: "a candidate takes a Lease without a spec, at once",
    seen: blank,
    exists: true,
    leading: false,
    expected: { kind: "update", seen: blank, record: { ...taken, leaseTransitions: 1 } },
  },
  {
    name: "a candidate that finds its own identity goes on with the same term",
    seen: mine,
    exists: true,
    leading: false,
    expected: {
      kind: "update",
      seen: mine,
      record: { ...taken, acquireTime: EARLIER, leaseTransitions: 4 },
    },
  },
  {
    name: "a candidate waits out the last holder when the Lease has been deleted",
    seen: fresh,
    exists: false,
    leading: false,
    expected: { kind: "yield", holder: "other", freeAt: NOW.monotonic + 1 },
  },
  {
    name: "a candidate creates a deleted Lease after the last holder's time",
    seen: expired,
    exists: false,
    leading: false,
    expected: { kind: "create", record: { ...taken, leaseTransitions: 0 } },
  },
  {
    name: "a leader renews with its acquireTime and transitions",
    seen: mine,
    exists: true,
    leading: true,
    expected: {
      kind: "update",
      seen: mine,
      record: { ...taken, acquireTime: EARLIER, leaseTransitions: 4 },
    },
  },
  {
    name: "a leader creates its Lease again when that was deleted",
    seen: mine,
    exists: false,
    leading: true,
    expected: { kind: "create", record: { ...taken, acquireTime: EARLIER, leaseTransitions: 4 } },
  },
  {
    name: "a leader yields to another holder, also when that one's record has expired",
    seen: expired,
    exists: true,
    leading: true,
    expected: { kind: "yield", holder: "other", freeAt: NOW.monotonic },
  },
  {
    name: "a leader yields when somebody else has given its lease back",
    seen: free,
    exists: true,
    leading: true,
    expected: { kind: "yield", holder: "", freeAt: NOW.monotonic },
  },
];

for (const { name, seen, exists, leading, expected } of CASES) {
  Deno.test(name, () => {
    const self = { identity: "me", leaseMs: 15_000, leading };
    assert.deepEqual(decide({ seen, exists }, self, NOW), expected);
  });
}

Deno.test("an unchanged record keeps the time at which it was first seen", () => {
  const first = observe(undefined, lease(record()), 1_000);
  const relabelled = { ...lease(record()) };
  relabelled.metadata = { ...relabelled.metadata, resourceVersion: "10" };
  const second = observe(first, relabelled, 9_000);
  assert.deepEqual(second, { lease: relabelled, record: record(), since: 1_000 });
  assert.equal(freeAt(second), 16_000);
});

Deno.test("a change of any field of the record starts the time anew", () => {
  const changes: Partial<LeaseRecord>[] = [
    { holderIdentity: "third" },
    { leaseDurationSeconds: 16 },
    { acquireTime: NOW_TEXT },
    { renewTime: NOW_TEXT },
    { leaseTransitions: 5 },
  ];
  const first = observe(undefined, lease(record()), 1_000);
  const times = changes.map((change) => observe(first, lease(record(change)), 9_000).since);
  assert.deepEqual(times, changes.map(() => 9_000));
});

Deno.test("a lease is given back in the form that client-go writes", () => {
  assert.deepEqual(released(record({ holderIdentity: "me" }), NOW), {
    holderIdentity: "",
    leaseDurationSeconds: 1,
    acquireTime: NOW_TEXT,
    renewTime: NOW_TEXT,
    leaseTransitions: 4,
  });
});

Deno.test("a MicroTime has six digits of fraction, ends in Z and names the same moment", () => {
  const inYearsOfFourDigits = fc.integer({ min: 0, max: Date.UTC(9999, 11, 31) });
  fc.assert(fc.property(inYearsOfFourDigits, (epochMs) => {
    const text = microTime(epochMs);
    assert.match(text, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/);
    assert.equal(Date.parse(text), epochMs);
  }));
});

Deno.test("an identity is the host's name and a UUID, joined as controller-runtime does", () => {
  assert.equal(
    leaderIdentity("pod-1", "8f14e45f-ceea-467f-a8f5-2d1b5c6d7e8f"),
    "pod-1_8f14e45f-ceea-467f-a8f5-2d1b5c6d7e8f",
  );
});
