import assert from "node:assert/strict";
import fc from "fast-check";
import { attacksOn, textOf } from "./attacks.ts";
import { findExpressions } from "./find.ts";
import { growthOf } from "./growth.ts";
import { CountingMatcher } from "./matcher.ts";
import { parse } from "./syntax.ts";

const SLOW: readonly [what: string, expression: RegExp][] = [
  [
    "a header whose value is found lazily between blanks",
    /^([!#$%&'*+.^`|~\w-]+):[ \t]*(.*?)[ \t]*$/,
  ],
  [
    "a run of backslashes before a name",
    /(\\*"\.?(?:auth|token)\\*"\s*:\s*\\*")(?:[^"\\]|\\[^"\\])+/gi,
  ],
  ["a beginning that may go on where it begins again", /eyJ[A-Za-z0-9_-]{5,}\.[A-Za-z0-9_-]+/g],
  ["what is trimmed from the end", /\s+$/],
  ["what is trimmed from both ends", /^\.+|\.+$/g],
  ["a part that may be left out at the end", /\.?0*Z$/],
  ["two runs of the same", /^\d+\.?\d*e/],
  ["two runs of which one may be a part of the other", /^(?:[a-z]+-?)*[a-z]+=/],
  ["a run of runs", /^(a+)+$/],
  ["alternatives that share a character", /^(?:a|[ab])*c/],
  ["a search that each find has to go through again", /a+b|a/g],
  ["a look ahead", /(?=x*y)x/],
  ["a look ahead from everywhere", /x(?!x*y)/],
  ["letters of any script", /\p{L}+\d/u],
  ["a bound that is none in practice", /a{0,5000}b/],
  ["a word that begins behind what is no word", /\bfoo\b.*\bbar\b/g],
  ["an alternative after many that are sound", /aa|bb|cc|dd|ee|ff|gg|hh|\s*:x/],
];

const LINEAR: readonly [what: string, expression: RegExp][] = [
  ["a run that begins and ends", /^[a-z]+$/],
  ["a run of blanks", /\s+/g],
  [
    "labels with a dot between them",
    /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/,
  ],
  ["a bounded run", /[.-]{0,63}x/],
  // deno-lint-ignore no-invalid-regexp -- the linter does not know the flag s
  ["a class of what cannot follow", /^--?([^-=][^=]*)(?:=(.*))?$/s],
  ["alternatives that share no character", /^(?:[^"\\]|\\[^])*$/],
  // deno-lint-ignore no-invalid-regexp -- nor modifiers within an expression
  ["a name in any case, within another", /(?:x|(?i:bearer)) y/],
  ["an end that may be far", /"[^"]*"/],
  ["nothing at all", /(?:)/],
];

for (const [what, { source, flags }] of SLOW) {
  Deno.test(`growth: it is seen of ${what}`, () => {
    assert.equal(growthOf(source, flags).linear, false);
  });
}

for (const [what, { source, flags }] of LINEAR) {
  Deno.test(`growth: there is none of ${what}`, () => {
    const growth = growthOf(source, flags);
    assert.ok(growth.linear, JSON.stringify(growth));
  });
}

for (const pattern of [String.raw`(a)\1`, "(?<=a)b", String.raw`\k<a>`, "a**", "[", "(?<a", "a)"]) {
  Deno.test(`growth: ${pattern} is refused, since nothing here knows it`, () => {
    assert.throws(() => growthOf(pattern, ""), /syntax that is not known here/);
  });
}

Deno.test("property: the matcher that counts finds what V8 finds", () => {
  const expressions = [...SLOW, ...LINEAR].map(([, expression]) => expression);
  fc.assert(
    fc.property(fc.constantFrom(...expressions), fc.nat(), fc.nat(7), (each, seed, length) => {
      const node = parse(each.source, each.flags);
      const attacks = attacksOn(node);
      const one = textOf(attacks[seed % attacks.length]!, length);
      const text = one + textOf(attacks[(seed * 7919) % attacks.length]!, length);
      const native = new RegExp(each.source, each.flags.replace("g", "")).exec(text);
      const found = new CountingMatcher(node, each.flags).first(text);
      assert.deepEqual(
        found,
        native && [native.index, native.index + native[0].length] || undefined,
      );
    }),
    { numRuns: 3000 },
  );
});

const PLANTED: readonly [what: string, text: string, lines: number[], faults: RegExp[]][] = [
  ["a literal", "const a = 1 / 2;\nconst b = /x/g;", [2], []],
  ["one within a template, a call and a condition", "f(`${/a/.test(b)}`);\nif (c) /b/.exec(d);", [
    1,
    2,
  ], []],
  ["one that is built", "\nexport const A = new RegExp(`a`, 'g');", [2], []],
  [
    "none in a comment, a string or a type",
    "// /a/\nconst a = '/b/'; let c: RegExp | undefined;",
    [],
    [],
  ],
  ["a call without new", "const a = RegExp('x');", [], [/uses RegExp other than by/]],
  ["another name for the constructor", "const R = RegExp; new R('x');", [], [
    /uses RegExp other than by/,
  ]],
  ["the global object's", "new globalThis.RegExp('x');", [], [/uses RegExp other than by/]],
  ["the constructor of another", "new (/x/.constructor)('y');", [1], [/constructor/]],
  [
    "a string that becomes one",
    "const WORD = /w/; const A = 'x';\na.match('x+'); a.search(A); a.matchAll(WORD);",
    [1],
    [
      /match/,
      /search/,
    ],
  ],
];

for (const [what, text, lines, faults] of PLANTED) {
  Deno.test(`the search for expressions: ${what}`, () => {
    const findings = findExpressions("src/a.ts", text);
    assert.deepEqual(findings.found.map(({ line }) => line), lines);
    assert.equal(findings.faults.length, faults.length, findings.faults.join("\n"));
    faults.forEach((fault, index) => assert.match(findings.faults[index]!, fault));
  });
}
