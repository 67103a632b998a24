import assert from "node:assert/strict";
import type { BindingStatus, Condition } from "../../../../src/controller/binding/view.ts";
import { type Outcome, statusFor } from "../../../../src/controller/plan/status.ts";
import { HOUR, NOW, time, viewV1, without } from "../builders.ts";

const ATTACHED: Outcome = {
  ready: true,
  reason: "CredentialAttached",
  message: "Attached.",
  lifetime: { refreshedAt: NOW - HOUR, expiresAt: NOW + HOUR },
};
const FAILED: Outcome = { ready: false, reason: "Throttled", message: "Slow.", error: "Slow." };

const ready = (change: Partial<Condition> = {}): Condition => ({
  type: "Ready",
  status: "True",
  observedGeneration: 1,
  lastTransitionTime: time(NOW),
  reason: "CredentialAttached",
  message: "Attached.",
  ...change,
});
const failed = (change: Partial<Condition> = {}) =>
  ready({ status: "False", reason: "Throttled", message: "Slow.", ...change });
const STALLED: Outcome = {
  ...ATTACHED,
  reason: "InvalidSpec",
  error: "Wrong.",
  stalled: { reason: "InvalidSpec", message: "Wrong." },
};
const stalled = (change: Partial<Condition> = {}) =>
  ready({ type: "Stalled", reason: "InvalidSpec", message: "Wrong.", ...change });
const other: Condition = { ...ready(), type: "Audited", reason: "Seen", message: "Fine." };

const TIMES = { lastTokenRefreshTime: time(NOW - HOUR), tokenExpirationTime: time(NOW + HOUR) };
const SETTLED: BindingStatus = { ...TIMES, observedGeneration: 1, conditions: [ready()] };
const EARLIER = time(NOW - HOUR);

const CASES: readonly {
  readonly what: string;
  readonly present?: BindingStatus;
  readonly outcome?: Outcome;
  readonly generation?: number;
  readonly keepsConditions?: boolean;
  readonly wanted: BindingStatus | undefined;
}[] = [
  { what: "an empty status gets all its parts", wanted: SETTLED },
  {
    what: "the CRDs' default, of a binding that nobody has looked at, gets all its parts",
    present: { observedGeneration: -1 },
    wanted: SETTLED,
  },
  {
    what: "the CRDs' default gets all its parts where conditions are pruned, too",
    present: { observedGeneration: -1 },
    outcome: FAILED,
    keepsConditions: false,
    wanted: { error: "Slow.", observedGeneration: 1, conditions: [failed()] },
  },
  { what: "a status that says it already is left alone", present: SETTLED, wanted: undefined },
  {
    what: "a transition of earlier keeps its moment",
    present: { ...SETTLED, conditions: [ready({ lastTransitionTime: EARLIER, message: "Old." })] },
    wanted: { ...SETTLED, conditions: [ready({ lastTransitionTime: EARLIER })] },
  },
  {
    what: "a transition of now has its moment",
    present: { ...SETTLED, conditions: [ready({ lastTransitionTime: EARLIER })] },
    outcome: FAILED,
    wanted: { ...TIMES, error: "Slow.", observedGeneration: 1, conditions: [failed()] },
  },
  {
    what: "the times of a credential stay where its successor fails",
    present: SETTLED,
    outcome: { ...FAILED, lifetime: ATTACHED.lifetime! },
    wanted: { ...TIMES, error: "Slow.", observedGeneration: 1, conditions: [failed()] },
  },
  {
    what: "an error that is over goes",
    present: { ...SETTLED, error: "Slow." },
    wanted: SETTLED,
  },
  {
    what: "an empty error is none",
    present: { ...SETTLED, error: "" },
    wanted: undefined,
  },
  {
    what: "times that say the same moment keep their form",
    present: { ...SETTLED, tokenExpirationTime: "2026-06-01T15:00:00+02:00", error: "Slow." },
    wanted: { ...SETTLED, tokenExpirationTime: "2026-06-01T15:00:00+02:00" },
  },
  {
    what: "times in another form alone are no reason to write",
    present: { ...SETTLED, tokenExpirationTime: "2026-06-01T13:00:00.000Z" },
    wanted: undefined,
  },
  {
    what: "a generation that is newer is told",
    present: SETTLED,
    generation: 2,
    wanted: { ...SETTLED, observedGeneration: 2, conditions: [ready({ observedGeneration: 2 })] },
  },
  {
    what: "a condition that tells of no generation is written with it",
    present: { ...SETTLED, conditions: [without(ready(), "observedGeneration")] },
    wanted: SETTLED,
  },
  {
    what: "conditions of others stay in their places",
    present: { ...SETTLED, conditions: [other, failed({ lastTransitionTime: EARLIER }), other] },
    wanted: { ...SETTLED, conditions: [other, ready(), other] },
  },
  {
    what: "Ready comes after the conditions of others where it is new",
    present: { ...SETTLED, conditions: [other] },
    wanted: { ...SETTLED, conditions: [other, ready()] },
  },
  {
    what: "Stalled comes after Ready and the conditions of others",
    present: { ...SETTLED, conditions: [ready(), other] },
    outcome: STALLED,
    wanted: {
      ...SETTLED,
      error: "Wrong.",
      conditions: [ready({ reason: "InvalidSpec" }), other, stalled()],
    },
  },
  {
    what: "Stalled keeps its place and the moment of its transition, and follows the generation",
    present: {
      ...SETTLED,
      conditions: [stalled({ lastTransitionTime: EARLIER, message: "Old." }), ready(), other],
    },
    generation: 2,
    outcome: STALLED,
    wanted: {
      ...SETTLED,
      observedGeneration: 2,
      error: "Wrong.",
      conditions: [
        stalled({ lastTransitionTime: EARLIER, observedGeneration: 2 }),
        ready({ reason: "InvalidSpec", observedGeneration: 2 }),
        other,
      ],
    },
  },
  {
    what: "Stalled that was not so before becomes so now",
    present: {
      ...SETTLED,
      conditions: [ready(), stalled({ status: "False", lastTransitionTime: EARLIER })],
    },
    outcome: STALLED,
    wanted: {
      ...SETTLED,
      error: "Wrong.",
      conditions: [ready({ reason: "InvalidSpec" }), stalled()],
    },
  },
  {
    what: "Stalled goes when the spec is mended, though nothing else has changed",
    present: { ...SETTLED, conditions: [ready(), stalled(), other] },
    wanted: { ...SETTLED, conditions: [ready(), other] },
  },
  {
    what: "where conditions are pruned, the reference's fields are enough",
    present: TIMES,
    keepsConditions: false,
    wanted: undefined,
  },
  {
    what: "where conditions are pruned, a change of the reference's fields is written",
    present: { ...TIMES, error: "Slow." },
    keepsConditions: false,
    wanted: SETTLED,
  },
  {
    what: "where conditions are pruned, a new generation is no reason to write",
    present: TIMES,
    generation: 2,
    keepsConditions: false,
    wanted: undefined,
  },
];

for (const { what, present = {}, outcome = ATTACHED, wanted, ...rest } of CASES) {
  Deno.test(`status: ${what}`, () => {
    const { generation = 1, keepsConditions = true } = rest;
    const binding = { ...viewV1({ metadata: { generation } }), status: present };
    assert.deepEqual(statusFor(binding, outcome, NOW, keepsConditions), wanted);
  });
}

Deno.test("status: what was written is left alone on the next pass, whatever the outcome", () => {
  for (const outcome of [ATTACHED, FAILED, { ...FAILED, ready: true }, STALLED]) {
    const binding = viewV1();
    const written = statusFor(binding, outcome, NOW, true)!;
    const next = { ...binding, status: written };
    assert.equal(statusFor(next, outcome, NOW + HOUR, true), undefined);
  }
});
