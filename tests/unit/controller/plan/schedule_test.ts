import assert from "node:assert/strict";
import fc from "fast-check";
import type { Rotation } from "../../../../src/controller/binding/view.ts";
import {
  dueAt,
  formatTime,
  lifetimeOf,
  refreshAt,
} from "../../../../src/controller/plan/schedule.ts";
import { HOUR, MINUTE, NOW, SECOND, secretOf, viewV1, without } from "../builders.ts";

const BEFORE: Rotation = { kind: "beforeExpiry", marginMs: 30 * MINUTE };
const part = (fraction: number): Rotation => ({ kind: "fraction", fraction });

const DUE: readonly [what: string, lifeMs: number, Rotation, dueMs: number][] = [
  ["thirty minutes before the end of three hours", 3 * HOUR, BEFORE, 150 * MINUTE],
  ["thirty minutes before the end of an hour and a bit", 61 * MINUTE, BEFORE, 31 * MINUTE],
  ["at half of a life of an hour", 60 * MINUTE, BEFORE, 30 * MINUTE],
  ["at half of a life that is shorter than the margin", MINUTE, BEFORE, 30 * SECOND],
  ["at the part that is configured", 75 * MINUTE, part(0.5), 37.5 * MINUTE],
  ["at another part that is configured", 75 * MINUTE, part(0.8), HOUR],
  ["at once where there is no life", 0, BEFORE, 0],
  ["at once where it ended before it began", -HOUR, part(0.5), 0],
];

for (const [what, lifeMs, rotation, dueMs] of DUE) {
  Deno.test(`schedule: a refresh is due ${what}`, () => {
    assert.equal(dueAt({ refreshedAt: NOW, expiresAt: NOW + lifeMs }, rotation), NOW + dueMs);
  });
}

Deno.test("property: a refresh is due within the credential's life", () => {
  const rotation = fc.oneof(
    fc.integer({ min: 0, max: 10 * HOUR }).map((marginMs): Rotation => ({
      kind: "beforeExpiry",
      marginMs,
    })),
    fc.double({ min: 0.01, max: 0.99, noNaN: true }).map(part),
  );
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 10 * HOUR }), rotation, (life, how) => {
      const due = dueAt({ refreshedAt: NOW, expiresAt: NOW + life }, how);
      assert.ok(due > NOW && due <= NOW + life, `${due - NOW} of ${life}`);
    }),
  );
});

Deno.test("property: a refresh comes before it is due, by 4 minutes or 4 % of its life at most", () => {
  const life = fc.integer({ min: 1, max: 10 * HOUR });
  fc.assert(fc.property(life, fc.constantFrom(BEFORE, part(0.5)), fc.uuid(), (ms, how, uid) => {
    const lifetime = { refreshedAt: NOW, expiresAt: NOW + ms };
    const early = dueAt(lifetime, how) - refreshAt(lifetime, how, uid);
    assert.ok(early >= 0 && early <= Math.min(4 * MINUTE, ms * 0.04), `${early} of ${ms}`);
    assert.equal(refreshAt(lifetime, how, uid), dueAt(lifetime, how) - early);
  }));
});

Deno.test("property: however early it is due, a refresh never comes in the first half until then", () => {
  const life = fc.integer({ min: 1, max: 10 * HOUR });
  const early = fc.double({ min: 0.001, max: 0.1, noNaN: true }).map(part);
  fc.assert(fc.property(life, early, fc.uuid(), (ms, how, uid) => {
    const lifetime = { refreshedAt: NOW, expiresAt: NOW + ms };
    const until = dueAt(lifetime, how) - NOW;
    assert.ok(refreshAt(lifetime, how, uid) - NOW >= until / 2 - 1, `${until}`);
  }));
});

Deno.test("schedule: what ended before it began is refreshed at once, without jitter", () => {
  for (const lifeMs of [0, -1, -HOUR]) {
    const lifetime = { refreshedAt: NOW, expiresAt: NOW + lifeMs };
    for (const how of [BEFORE, part(0.5)]) {
      assert.equal(refreshAt(lifetime, how, "uid"), dueAt(lifetime, how));
    }
  }
});

Deno.test("schedule: refreshes of one moment spread evenly", () => {
  const lifetime = { refreshedAt: NOW, expiresAt: NOW + 3 * HOUR };
  const quarters = [0, 0, 0, 0];
  for (let index = 0; index < 1000; index++) {
    const uid = `7d2d52a4-7a1f-4f0a-9d59-${index.toString(16).padStart(12, "0")}`;
    const early = dueAt(lifetime, BEFORE) - refreshAt(lifetime, BEFORE, uid);
    quarters[Math.floor(early / MINUTE)]! += 1;
  }
  for (const count of quarters) assert.ok(count > 180 && count < 320, quarters.join(", "));
});

Deno.test("schedule: the lifetime is read from both annotations, in any form of RFC 3339", () => {
  const secret = secretOf(viewV1());
  const forms = { refresh: "2026-06-01T13:00:00+02:00", expiry: "2026-06-01T14:00:00.5Z" };
  assert.deepEqual(
    [secret, { ...secret, ...forms }].map(lifetimeOf),
    [
      { refreshedAt: NOW - HOUR, expiresAt: NOW + 2 * HOUR },
      { refreshedAt: NOW - HOUR, expiresAt: NOW + 2 * HOUR + 500 },
    ],
  );
});

Deno.test("schedule: a Secret without two times has no lifetime", () => {
  const secret = secretOf(viewV1());
  assert.deepEqual(
    [
      without(secret, "expiry"),
      without(secret, "refresh"),
      { ...secret, expiry: "" },
      { ...secret, refresh: "yesterday" },
    ].map(lifetimeOf),
    [undefined, undefined, undefined, undefined],
  );
});

Deno.test("schedule: times are written in UTC with whole seconds", () => {
  assert.equal(formatTime(NOW + 1999), "2026-06-01T12:00:01Z");
});
