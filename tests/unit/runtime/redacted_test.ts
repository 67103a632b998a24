import assert from "node:assert/strict";
import { inspect } from "node:util";
import fc from "fast-check";
import { maskTokens, Redacted } from "../../../src/runtime/redacted.ts";
import { encodeJwt } from "../../sandbox/azure/jwt.ts";

const SECRET = "hunter2-hunter2";

const WAYS: readonly [what: string, show: (value: Redacted) => string][] = [
  ["a template literal", (value) => `${value}`],
  ["concatenation", (value) => "" + value],
  ["String()", (value) => String(value)],
  ["toString()", (value) => value.toString()],
  ["JSON", (value) => JSON.stringify({ value, list: [value] })],
  ["Deno.inspect", (value) => Deno.inspect({ value }, { showHidden: true, depth: 9 })],
  ["node's inspect", (value) => inspect({ value }, { showHidden: true })],
  ["its own keys", (value) => JSON.stringify([Reflect.ownKeys(value), Object.entries(value)])],
  ["a copy by spread", (value) => Deno.inspect({ ...value })],
  ["a structured clone", (value) => Deno.inspect(structuredClone(value))],
  ["the message of an error", (value) => new Error(`got ${value}`).message],
];

for (const [what, show] of WAYS) {
  Deno.test(`redacted: ${what} does not show the value`, () => {
    assert.ok(!show(new Redacted(SECRET)).includes(SECRET));
  });
}

Deno.test("redacted: reveal is the way to the value", () => {
  assert.equal(new Redacted(SECRET).reveal(), SECRET);
});

const JWT = encodeJwt({ sub: "x", exp: 1 });
const DOCKER_AUTH = btoa(`00000000-0000-0000-0000-000000000000:${JWT}`);
const MASKED: readonly [what: string, text: string, masked: string][] = [
  ["a token", `a ${JWT} b`, "a [redacted] b"],
  ["several tokens", `${JWT},${JWT}`, "[redacted],[redacted]"],
  ["a token without signature", JWT.split(".").slice(0, 2).join("."), "[redacted]"],
  ["a token in quotes", `{"token":"${JWT}"}`, '{"token":"[redacted]"}'],
  ["a token in a URL", `https://a/?t=${JWT}&x=1`, "https://a/?t=[redacted]&x=1"],
  ["auth of a dockerconfigjson", `"auth":"${DOCKER_AUTH}"`, '"auth":"[redacted]"'],
  ["text without tokens is left alone", "eyJ is how tokens begin", "eyJ is how tokens begin"],
];

for (const [what, text, masked] of MASKED) {
  Deno.test(`mask: ${what}`, () => assert.equal(maskTokens(text), masked));
}

Deno.test("property: no payload of a token is left, whatever stands around it", () => {
  const around = fc.string({ unit: fc.constantFrom(" ", ",", '"', "\n", "(", ":", "x", "=", "/") });
  fc.assert(
    fc.property(
      around,
      fc.dictionary(fc.string(), fc.jsonValue()),
      around,
      (left, claims, right) => {
        const token = encodeJwt({ ...claims, sub: "someone" });
        const masked = maskTokens(left + token + right);
        assert.ok(!masked.includes(token.split(".")[1]!));
      },
    ),
  );
});
