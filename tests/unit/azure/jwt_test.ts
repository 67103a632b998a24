import assert from "node:assert/strict";
import fc from "fast-check";
import { readClaims } from "../../../src/azure/jwt.ts";
import { Redacted } from "../../../src/runtime/masking/redacted.ts";
import { encodeJwt } from "../../sandbox/azure/jwt.ts";

const read = (token: string) => readClaims(new Redacted(token));
const payload = (text: string) =>
  `e30.${
    new TextEncoder().encode(text).toBase64({ alphabet: "base64url", omitPadding: true })
  }.c2ln`;

function access(name: string, actions: readonly string[], count = 1): readonly object[] {
  return Array.from({ length: count }, () => ({ type: "repository", name, actions }));
}

const CASES: readonly [what: string, token: string, claims: ReturnType<typeof read>][] = [
  [
    "claims are read as they stand",
    encodeJwt({ exp: 2, iat: 1, aud: "a", sub: "left out" }),
    { exp: 2, iat: 1, aud: "a" },
  ],
  ["claims that are missing stay so", encodeJwt({}), {}],
  [
    "claims of another type count as missing",
    encodeJwt({ exp: "2", iat: null, aud: ["a"] }),
    {},
  ],
  ["a moment before 1970 counts as missing", encodeJwt({ exp: -1 }), {}],
  [
    "the last moment that RFC 3339 can write is one",
    encodeJwt({ exp: 253402300799 }),
    { exp: 253402300799 },
  ],
  ["a moment beyond counts as missing", encodeJwt({ exp: 253402300800, iat: 1e300 }), {}],
  ["fractions of seconds are kept", encodeJwt({ exp: 1.5 }), { exp: 1.5 }],
  [
    "what a token opens is read, and what has another form opens nothing",
    encodeJwt({
      access: [
        { type: "repository", name: "a", actions: ["pull", 7] },
        { type: "repository", name: "b" },
        { type: 1, name: "c", actions: [] },
        "d",
        null,
      ],
    }),
    { access: [{ type: "repository", name: "a", actions: ["pull"] }] },
  ],
  ...([
    ["thousands of entries", access("a", ["pull"], 513)],
    ["a name that no repository has", access("a".repeat(513), ["pull"])],
    ["a type that no entry has", [{ type: "t".repeat(65), name: "a", actions: [] }]],
    ["thousands of actions", access("a", Array.from({ length: 33 }, String))],
    ["an action that there is not", access("a", ["a".repeat(65)])],
    ["a name of many stars", access("*a".repeat(9), ["pull"])],
  ] as const).map(([what, claim]): (typeof CASES)[number] => [
    `a claim access of ${what} is not read`,
    encodeJwt({ exp: 1, access: claim }),
    { exp: 1, access: "too large" },
  ]),
  ["a claim access that is no list says nothing", encodeJwt({ access: { a: 1 } }), {}],
  [
    "an audience longer than any host name is cut",
    encodeJwt({ aud: "a".repeat(1000) }),
    { aud: `${"a".repeat(250)}...` },
  ],
  ["letters of any script are read", payload(`{"aud":"\u00e9\u4e2d"}`), { aud: "\u00e9\u4e2d" }],
  ["the empty string is no token", "", undefined],
  ["two segments are no token", "e30.e30", undefined],
  ["four segments are no token", "e30.e30.e30.e30", undefined],
  ["an empty segment makes no token", "e30..c2ln", undefined],
  ["a missing signature makes no token", "e30.e30.", undefined],
  ["a payload outside base64url is no token", "e30.{}.c2ln", undefined],
  ["a payload that is no JSON is no token", payload("{"), undefined],
  ["a payload that is a list is no token", payload("[1]"), undefined],
  ["a payload that is null is no token", payload("null"), undefined],
];

for (const [what, token, claims] of CASES) {
  Deno.test(`jwt: ${what}`, () => assert.deepEqual(read(token), claims));
}

Deno.test("property: reading a token never throws, whatever it is", () => {
  const dotted = fc.array(fc.string({ unit: "binary" }), { maxLength: 5 }).map((s) => s.join("."));
  fc.assert(
    fc.property(
      fc.oneof(fc.string({ unit: "binary" }), dotted, fc.json({ maxDepth: 2 }).map(payload)),
      (token) => {
        const claims = read(token);
        for (const value of [claims?.exp, claims?.iat]) {
          // What is answered can be written as a time of four-digit years.
          if (value !== undefined) assert.match(new Date(value * 1000).toISOString(), /^\d{4}-/);
        }
      },
    ),
  );
});

Deno.test("property: claims of well-formed tokens are read exactly", () => {
  const moment = fc.integer({ min: 0, max: 253402300799 });
  const claims = fc.record(
    { exp: moment, iat: moment, aud: fc.string({ unit: "grapheme" }) },
    { requiredKeys: [] },
  );
  fc.assert(
    fc.property(claims, fc.dictionary(fc.string(), fc.jsonValue()), (known, others) => {
      const { exp: _, iat: __, aud: ___, ...rest } = others;
      assert.deepEqual(read(encodeJwt({ ...rest, ...known })), { ...known });
    }),
  );
});
