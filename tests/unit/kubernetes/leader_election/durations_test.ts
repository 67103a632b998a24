import assert from "node:assert/strict";
import {
  completeDurations,
  type Durations,
} from "../../../../src/kubernetes/leader_election/durations.ts";

Deno.test("without settings the durations are those of client-go", () => {
  assert.deepEqual(completeDurations(), {
    leaseMs: 15_000,
    renewDeadlineMs: 10_000,
    retryPeriodMs: 2_000,
    releaseMs: 1_000,
  });
});

const REFUSED: [name: string, given: Partial<Durations>, message: string][] = [
  [
    "a renew deadline as long as the lease",
    { renewDeadlineMs: 15_000 },
    "leaseMs is 15000; it must be above renewDeadlineMs (15000), " +
    "or another may lead before this one has stopped",
  ],
  [
    "a retry period that with jitter fills the renew deadline",
    { retryPeriodMs: 10_000 / 1.2 },
    "renewDeadlineMs is 10000; it must be above 1.2 times retryPeriodMs (8333.333333333334), " +
    "or no renewal can be repeated",
  ],
  [
    "a duration of nothing",
    { releaseMs: 0 },
    "releaseMs of the leader election is 0; it must be above 0",
  ],
  [
    "a duration that is no number",
    { leaseMs: NaN },
    "leaseMs of the leader election is NaN; it must be above 0",
  ],
  [
    "a lease of fractions of a second",
    { leaseMs: 15_500 },
    "leaseMs is 15500; a Lease holds whole seconds only",
  ],
];

for (const [name, given, message] of REFUSED) {
  Deno.test(`${name} is refused`, () => {
    assert.throws(() => completeDurations(given), { name: "RangeError", message });
  });
}
