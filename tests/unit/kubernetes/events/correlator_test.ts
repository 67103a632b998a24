import assert from "node:assert/strict";
import { Correlator, DEFAULT_LIMITS } from "../../../../src/kubernetes/events/correlator.ts";
import type { EventSubject } from "../../../../src/kubernetes/events/event.ts";

const MINUTE = 60_000;

function subject(uid: string): EventSubject {
  return { apiVersion: "v1", kind: "Thing", namespace: "team", name: "web", uid };
}

Deno.test("the same occurrence within ten minutes goes on with one series", () => {
  const correlator = new Correlator();
  const web = subject("u");
  const first = correlator.observe(web, "Normal", "Refreshed", "done", 1_000);
  const again = correlator.observe(web, "Normal", "Refreshed", "done", 1_000 + 10 * MINUTE);
  assert.equal(again, first);
  assert.deepEqual([first?.count, first?.firstMs, first?.lastMs], [2, 1_000, 601_000]);
  const later = correlator.observe(web, "Normal", "Refreshed", "done", 601_001 + 10 * MINUTE);
  assert.notEqual(later, first);
  assert.equal(later?.count, 1);
});

Deno.test("another object, type, reason or message is another series", () => {
  const correlator = new Correlator();
  const seen = [
    correlator.observe(subject("u"), "Normal", "R", "m", 0),
    correlator.observe(subject("v"), "Normal", "R", "m", 0),
    correlator.observe(subject("u"), "Warning", "R", "m", 0),
    correlator.observe(subject("u"), "Normal", "S", "m", 0),
    correlator.observe(subject("u"), "Normal", "R", "n", 0),
  ];
  assert.equal(new Set(seen).size, 5);
  assert.equal(new Set(seen.map((series) => series?.eventName)).size, 5);
});

Deno.test("one object and type is written 25 times at once, then once every five minutes", () => {
  const correlator = new Correlator();
  const web = subject("u");
  const told = (at: number) => correlator.observe(web, "Warning", "Failed", "again", at);
  const answers = Array.from({ length: 30 }, () => told(0) !== undefined);
  assert.deepEqual(answers, answers.map((_, index) => index < 25));
  assert.equal(told(5 * MINUTE - 1), undefined);
  assert.equal(told(5 * MINUTE)?.count, 32, "what was not written is counted");
  assert.equal(told(5 * MINUTE), undefined);
  assert.ok(
    correlator.observe(web, "Normal", "Refreshed", "done", 0),
    "the other type has a share",
  );
  assert.ok(correlator.observe(subject("v"), "Warning", "Failed", "again", 0), "and other objects");
});

Deno.test("a wall clock set back neither refills nor breaks the share", () => {
  const correlator = new Correlator({ ...DEFAULT_LIMITS, burst: 1 });
  const told = (at: number) => correlator.observe(subject("u"), "Normal", "R", "m", at);
  assert.ok(told(100 * MINUTE));
  assert.equal(told(0), undefined);
  assert.ok(told(5 * MINUTE));
});
