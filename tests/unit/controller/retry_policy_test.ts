import assert from "node:assert/strict";
import fc from "fast-check";
import {
  isLastTry,
  nextAttemptAt,
  redoDelay,
  type RetriedFailure,
  type RetryHistory,
} from "../../../src/controller/retry_policy.ts";

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const NOW = 1_800_000_000_000;
const highest = () => 1 - Number.EPSILON;
const lowest = () => 0;

const delay = (failure: RetriedFailure, history: Partial<RetryHistory>, random = highest) => {
  const whole = { now: NOW, startedAt: NOW, failures: 1, ...history };
  return Math.round(nextAttemptAt(failure, whole, random) - NOW);
};

const CASES: readonly {
  name: string;
  failure: RetriedFailure;
  /** The longest delay in seconds after 1, 2, 3 and 20 failures. */
  bounds: readonly [number, number, number, number];
}[] = [
  {
    name: "the service's own trouble soon, up to 5 minutes",
    failure: { class: "transient" },
    bounds: [2, 4, 8, 300],
  },
  {
    name: "throttling a little later, up to 5 minutes",
    failure: { class: "throttled" },
    bounds: [4, 8, 16, 300],
  },
  {
    name: "a missing right, which may be granted at any time, up to 5 minutes",
    failure: { class: "auth-denied" },
    bounds: [10, 20, 40, 300],
  },
  {
    name: "a mistake that may be mended in Azure, up to 5 minutes",
    failure: { class: "permanent-user-error" },
    bounds: [10, 20, 40, 300],
  },
  {
    name: "a mistake that only a change in the cluster mends, up to 30 minutes",
    failure: { class: "permanent-user-error", healsInCluster: true },
    bounds: [30, 60, 120, 1800],
  },
];

for (const { name, failure, bounds } of CASES) {
  Deno.test(`retry policy: tries again after ${name}`, () => {
    const longest = [1, 2, 3, 20].map((failures) => delay(failure, { failures }) / SECOND);
    assert.deepEqual(longest, bounds);
    const shortest = [1, 2, 3, 20].map((failures) => delay(failure, { failures }, lowest));
    assert.deepEqual(shortest, [500, 500, 500, 500]);
  });
}

Deno.test("retry policy: obeys Retry-After to the second, however often it failed", () => {
  const failure: RetriedFailure = { class: "throttled", retryAfterMs: 60 * SECOND };
  for (const failures of [1, 30]) {
    assert.equal(delay(failure, { failures }, lowest), 60 * SECOND);
    assert.equal(delay(failure, { failures }), 61 * SECOND);
  }
});

Deno.test("retry policy: no Retry-After is waited for longer than an hour", () => {
  for (const retryAfterMs of [60 * MINUTE, 60 * MINUTE + 1, 24 * 60 * MINUTE]) {
    assert.equal(delay({ class: "throttled", retryAfterMs }, {}, lowest), 60 * MINUTE);
  }
});

Deno.test("retry policy: failures without end still have the longest delay", () => {
  assert.equal(delay({ class: "transient" }, { failures: 1_000_000 }), 5 * MINUTE);
});

Deno.test("retry policy: tries grow denser as the credential comes to its end", () => {
  const failure: RetriedFailure = { class: "auth-denied" };
  const left = [40 * MINUTE, 8 * MINUTE, 2 * MINUTE, 40 * SECOND, 25 * SECOND];
  assert.deepEqual(
    left.map((ms) => delay(failure, { failures: 20, servesUntil: NOW + ms }) / SECOND),
    [300, 120, 30, 10, 5],
  );
});

Deno.test("retry policy: a try right before the end comes, whatever the service asked", () => {
  const failure: RetriedFailure = { class: "throttled", retryAfterMs: 10 * MINUTE };
  assert.equal(delay(failure, { servesUntil: NOW + 5 * MINUTE }), 5 * MINUTE - 20 * SECOND);
  assert.equal(delay(failure, { servesUntil: NOW + 10 * SECOND }, lowest), 10 * MINUTE);
});

Deno.test("retry policy: an expired credential hurries nobody", () => {
  for (const servesUntil of [NOW - 1, NOW]) {
    assert.equal(delay({ class: "transient" }, { failures: 20, servesUntil }), 5 * MINUTE);
  }
});

Deno.test("retry policy: a Retry-After of less than a second does away with no delay", () => {
  for (const retryAfterMs of [0, 999]) {
    const failure: RetriedFailure = { class: "throttled", retryAfterMs };
    assert.equal(delay(failure, { failures: 20 }), 5 * MINUTE);
    assert.equal(delay(failure, { failures: 1 }, lowest), Math.max(500, retryAfterMs));
  }
});

Deno.test("retry policy: an attempt that lasted beyond the moment of the last one is made once more", () => {
  const failure: RetriedFailure = { class: "auth-denied", retryAfterMs: 10 * MINUTE };
  const servesUntil = NOW + 10 * SECOND;
  const startedAt = servesUntil - 21 * SECOND;
  assert.equal(delay(failure, { servesUntil, startedAt }), 500);
  const inTime = servesUntil - 20 * SECOND;
  assert.equal(delay(failure, { servesUntil, startedAt: inTime }, lowest), 10 * MINUTE);
  assert.equal(delay(failure, { servesUntil: NOW, startedAt }, lowest), 10 * MINUTE);
});

for (
  const [left, expected] of [
    [20_001, false],
    [20_000, true],
    [1, true],
    [0, false],
    [-1, false],
  ] as const
) {
  Deno.test(`retry policy: with ${left} ms left it is ${expected ? "the" : "not the"} last try`, () => {
    assert.equal(isLastTry(NOW, NOW + left), expected);
  });
}

Deno.test("retry policy: without a credential that serves no try is the last", () => {
  assert.equal(isLastTry(NOW, undefined), false);
});

Deno.test("retry policy: a credential is never left to expire without a try in its last 20 s", () => {
  const failures: fc.Arbitrary<RetriedFailure> = fc.record({
    class: fc.constantFrom("transient", "throttled", "auth-denied", "permanent-user-error"),
    healsInCluster: fc.constantFrom(undefined, true as const),
    retryAfterMs: fc.option(fc.integer({ min: 0, max: 3_600_000 }), { nil: undefined }),
  }).map((failure) => JSON.parse(JSON.stringify(failure)) as RetriedFailure);
  const life = fc.integer({ min: 60 * SECOND, max: 90 * MINUTE });
  const lasting = fc.integer({ min: 0, max: 60 * SECOND });
  const draws = fc.array(fc.double({ min: 0.1, max: 0.999, noNaN: true }), { minLength: 1 });
  fc.assert(fc.property(failures, life, lasting, draws, (failure, ms, lastsMs, drawn) => {
    const servesUntil = NOW + ms;
    let startedAt = NOW;
    let next = startedAt;
    for (let failures = 1; next < servesUntil; failures++) {
      assert.ok(failures < 20_000, "tries do not come to an end");
      startedAt = next;
      const history = { now: startedAt + lastsMs, startedAt, failures, servesUntil };
      next = nextAttemptAt(failure, history, () => drawn[failures % drawn.length]!);
      assert.ok(next > history.now, "a failed attempt is made again at once");
    }
    // One that is under way at the end could not have been followed by another.
    const wasLast = isLastTry(startedAt, servesUntil) || startedAt + lastsMs >= servesUntil - 500;
    assert.ok(wasLast, `the last try was ${servesUntil - startedAt} ms before`);
  }));
});

Deno.test("retry policy: what somebody undoes is put off for certain, from once on", () => {
  const seconds = (times: number, random: () => number) => redoDelay(times, random) / SECOND;
  assert.deepEqual(
    [0, 1, 2, 3, 7, 2000].map((times) => seconds(times, lowest)),
    [0, 5, 10, 20, 300, 300],
  );
  assert.deepEqual([0, 1, 2000].map((times) => Math.round(seconds(times, highest) * 100)), [
    0,
    625,
    37_500,
  ]);
});

Deno.test("retry policy: a moment that is settled holds, but for the last try", () => {
  const notBefore = NOW + 5 * MINUTE;
  const failure: RetriedFailure = { class: "transient", notBefore };
  assert.equal(delay(failure, {}), 5 * MINUTE);
  assert.equal(delay(failure, { servesUntil: NOW + 2 * MINUTE }), 2 * MINUTE - 20 * SECOND);
});
