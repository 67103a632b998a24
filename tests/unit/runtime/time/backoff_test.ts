import assert from "node:assert/strict";
import { Backoff, backoffBound } from "../../../../src/runtime/time/backoff.ts";

const LIMITS = { firstMs: 100, longestMs: 1_000 };

const BOUNDS: readonly [what: string, failures: number, boundMs: number][] = [
  ["before any failure the first bound stands", 0, 100],
  ["one failure has the first bound", 1, 100],
  ["each further one doubles it", 2, 200],
  ["up to the longest", 4, 800],
  ["and never beyond", 5, 1_000],
  ["however many there were", 100_000, 1_000],
];

for (const [what, failures, boundMs] of BOUNDS) {
  Deno.test(`backoffBound: ${what}`, () => {
    assert.equal(backoffBound(LIMITS, failures), boundMs);
  });
}

Deno.test("Backoff: each pause is drawn below its bound, and a reset begins anew", () => {
  const backoff = new Backoff(LIMITS, () => 0.5);
  assert.deepEqual([backoff.next(), backoff.next(), backoff.failures], [50, 100, 2]);
  backoff.reset();
  assert.deepEqual([backoff.failures, backoff.next()], [0, 50]);
});

Deno.test("Backoff: what the server asked for is waited at least", () => {
  const backoff = new Backoff(LIMITS, () => 0.5);
  assert.deepEqual([backoff.next(70), backoff.next(70)], [70, 100]);
});
