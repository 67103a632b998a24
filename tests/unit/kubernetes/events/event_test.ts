import assert from "node:assert/strict";
import fc from "fast-check";
import {
  eventMessage,
  eventName,
  eventOf,
  progressOf,
  type Series,
} from "../../../../src/kubernetes/events/event.ts";

const START = Date.UTC(2026, 5, 1, 12, 0, 0, 250);

const series: Series = {
  subject: {
    apiVersion: "acrpull.microsoft.com/v1beta2",
    kind: "AcrPullBinding",
    namespace: "team",
    name: "web",
    uid: "u-1",
    resourceVersion: "7",
  },
  type: "Warning",
  reason: "TokenDenied",
  message: "the registry refused",
  eventName: "web.18b0",
  firstMs: START,
  lastMs: START + 61_000,
  count: 3,
};
const reporter = { component: "acrpull.microsoft.com/controller", instance: "acrpull-7d9-x" };

Deno.test("a series becomes an Event of the core group with its object, reporter, times and count", () => {
  assert.deepEqual(eventOf(series, reporter), {
    metadata: { name: "web.18b0", namespace: "team" },
    involvedObject: {
      apiVersion: "acrpull.microsoft.com/v1beta2",
      kind: "AcrPullBinding",
      namespace: "team",
      name: "web",
      uid: "u-1",
      resourceVersion: "7",
    },
    type: "Warning",
    reason: "TokenDenied",
    message: "the registry refused",
    count: 3,
    firstTimestamp: "2026-06-01T12:00:00Z",
    lastTimestamp: "2026-06-01T12:01:01Z",
    source: { component: "acrpull.microsoft.com/controller" },
    reportingComponent: "acrpull.microsoft.com/controller",
    reportingInstance: "acrpull-7d9-x",
  });
  assert.deepEqual(progressOf(series), { count: 3, lastTimestamp: "2026-06-01T12:01:01Z" });
});

Deno.test("an Event about what lives in no namespace is kept in default", () => {
  const subject = { apiVersion: "v1", kind: "Node", namespace: "", name: "n", uid: "u" };
  const event = eventOf({ ...series, subject }, reporter);
  assert.deepEqual([event.metadata.namespace, event.involvedObject], [
    "default",
    { apiVersion: "v1", kind: "Node", name: "n", uid: "u" },
  ]);
});

Deno.test("an Event's name is the object's and the time in nanoseconds in hex", () => {
  assert.equal(eventName("web", START, 0), `web.${(BigInt(START) * 1_000_000n).toString(16)}`);
});

Deno.test("names of one moment differ, fit 253 characters and are DNS subdomains", () => {
  const label = /^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/;
  const letters = fc.constantFrom(..."ab9-.".split(""));
  const objectName = fc.array(letters, { minLength: 0, maxLength: 251 })
    .map((middle) => `a${middle.join("")}z`)
    .filter((name) => name.split(".").every((part) => label.test(part)));
  const long = fc.integer({ min: 200, max: 253 }).chain((length) =>
    fc.constantFrom("-", ".").map((separator) =>
      `a${separator}`.repeat(126).slice(0, length - 1) + "z"
    )
  ).filter((name) => name.split(".").every((part) => label.test(part)));
  fc.assert(fc.property(fc.oneof(objectName, long), fc.nat(), (name, serial) => {
    const made = eventName(name, START, serial);
    assert.ok(made.length <= 253, `${made.length}`);
    assert.ok(made.split(".").every((part) => label.test(part)), made);
    assert.notEqual(made, eventName(name, START, serial + 1));
  }));
});

Deno.test("a message of 1024 bytes is kept, a longer one ends in dots and splits no character", () => {
  assert.equal(eventMessage("x".repeat(1024)), "x".repeat(1024));
  fc.assert(fc.property(fc.string({ unit: "binary", minLength: 800, maxLength: 1500 }), (text) => {
    const message = eventMessage(text);
    const bytes = new TextEncoder().encode(message);
    assert.ok(bytes.length <= 1024);
    assert.equal(message.isWellFormed(), true);
    if (message !== text) {
      assert.ok(message.endsWith("..."));
      assert.ok(text.startsWith(message.slice(0, -3)));
    }
  }));
});

Deno.test("a message that holds a token is masked before it is cut", () => {
  const token = `eyJhbGciOiJSUzI1NiJ9.${"a".repeat(2_000)}.${"b".repeat(300)}`;
  const message = eventMessage(`exchange failed with ${token} at the end`);
  assert.equal(message, "exchange failed with [redacted] at the end");
});
