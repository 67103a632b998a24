import assert from "node:assert/strict";
import fc from "fast-check";
import {
  type Brevity,
  brief,
  LONGEST_SHORT,
  LONGEST_WHOLE,
  shorterThan,
} from "../../../../src/runtime/masking/brief.ts";

const LEVELS: readonly [Brevity, longest: number][] = [
  ["whole", LONGEST_WHOLE],
  ["short", LONGEST_SHORT],
  ["reason", "RegistryDenied".length],
];
const sizeOf = (text: string) => new TextEncoder().encode(text).length;

Deno.test("property: brief: no message is longer than its brevity says", () => {
  const message = fc.string({
    unit: fc.constantFrom("a", "\u4e2d", "\u{1f600}"),
    maxLength: 6000,
    size: "max",
  });
  fc.assert(fc.property(message, fc.constantFrom(...LEVELS), (message, [brevity, longest]) => {
    const told = brief(message, "RegistryDenied", brevity);
    assert.ok(sizeOf(told) <= longest);
    assert.equal(told.isWellFormed(), true);
  }));
});

Deno.test("brief: what is short stays, what is long keeps reason and remedy", () => {
  const long = `r.azurecr.io said ${"so ".repeat(2000)}. Grant the identity AcrPull.`;
  assert.equal(brief("It failed. Wait.", "Throttled", "short"), "It failed. Wait.");
  assert.equal(brief("It failed. Wait.", "Throttled", "reason"), "Throttled");
  assert.match(
    brief(long, "RegistryDenied", "whole"),
    /^r\.azurecr\.io said so .*\.\.\..* Grant the identity AcrPull\.$/,
  );
  assert.match(
    brief(long, "RegistryDenied", "short"),
    /^RegistryDenied: \.\.\..* Grant the identity AcrPull\.$/,
  );
});

Deno.test("brief: a credential is in none of them", () => {
  const secret = btoa(JSON.stringify({ auths: { r: { auth: "x".repeat(200) } } }));
  for (const [brevity] of LEVELS) {
    assert.ok(
      !brief(`denied: ${secret}. Wait.`, "Refused", brevity).includes(secret.slice(12, 40)),
    );
  }
});

Deno.test("brief: there is an end to what is tried", () => {
  assert.equal(shorterThan("x".repeat(257)), "short");
  assert.equal(shorterThan(brief("x".repeat(999), "Refused", "short")), "reason");
  assert.equal(shorterThan("x".repeat(128)), undefined);
});
