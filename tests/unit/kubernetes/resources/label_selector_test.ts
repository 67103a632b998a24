import assert from "node:assert/strict";
import fc from "fast-check";
import {
  everything,
  type LabelRequirement,
  type LabelSelector,
  parseLabelSelector,
} from "../../../../src/kubernetes/resources/label_selector.ts";

function selector(text: string): LabelSelector {
  const parsed = parseLabelSelector(text);
  assert.ok(parsed.selector, parsed.problem);
  return parsed.selector;
}

const LONGEST_NAME = "n".repeat(63);

// As labels.Parse of k8s.io/apimachinery v0.36.0 has it, but for (,), which that prints as ().
const CANONICAL: [text: string, canonical: string][] = [
  ["", ""],
  [" \t\r\n", ""],
  ["a", "a"],
  ["!a", "!a"],
  ["! a", "!a"],
  ["a=b", "a=b"],
  ["a==b", "a==b"],
  [" a = b ", "a=b"],
  ["a!=b", "a!=b"],
  ["a=", "a="],
  ["a!=", "a!="],
  ["a=,b", "a=,b"],
  ["a in (b)", "a in (b)"],
  ["a in (c, b,c)", "a in (b,c)"],
  ["a notin (b,c)", "a notin (b,c)"],
  ["a in(b)", "a in (b)"],
  ["a in (,b)", "a in (,b)"],
  ["a in (b,)", "a in (,b)"],
  ["a in (,)", "a in (,)"],
  ["a>5", "a>5"],
  ["a < 05", "a<05"],
  ["c,a,b", "a,b,c"],
  ["b=2,a in (1),!c", "a in (1),b=2,!c"],
  ["in", "in"],
  ["in in (in,notin)", "in in (in,notin)"],
  ["notin=notin", "notin=notin"],
  ["!in", "!in"],
  ["example.com/tier_A.1=x-Y_z.9", "example.com/tier_A.1=x-Y_z.9"],
  [LONGEST_NAME, LONGEST_NAME],
  ["environment!=prod,tier in (frontend,backend)", "environment!=prod,tier in (backend,frontend)"],
];

Deno.test("label selector: every form has its canonical text, which reads back to itself", () => {
  assert.deepEqual(CANONICAL.map(([text]) => [text, selector(text).toString()]), CANONICAL);
  for (const [, canonical] of CANONICAL) assert.equal(selector(canonical).toString(), canonical);
});

const KEY_RULE =
  "is no label key, which is up to 63 letters, digits, dashes, underscores and dots that begin " +
  "and end with a letter or digit, after an optional domain and slash";
const VALUE_RULE =
  "is no value for the label a, which is up to 63 letters, digits, dashes, underscores and dots " +
  "that begin and end with a letter or digit, or nothing";
const OPERATORS = "one of =, ==, !=, in, notin, > and <, a comma, or the end";

const PROBLEMS: [text: string, problem: string][] = [
  [",", 'found "," where a label key belongs'],
  ["a,", "found the end where a label key belongs"],
  ["a,,b", 'found "," where a label key belongs'],
  ["=b", 'found "=" where a label key belongs'],
  ["!", "found the end where a label key belongs"],
  ["!!a", 'found "!" where a label key belongs'],
  ["!a=b", 'found "=" where a comma or the end belongs'],
  ["a b", `found "b" where ${OPERATORS} belongs`],
  ["a (b)", `found "(" where ${OPERATORS} belongs`],
  ["a=b c", 'found "c" where a comma or the end belongs'],
  ["a===b", 'found "=" where a value after == belongs'],
  ["a=!b", 'found "!" where a value after = belongs'],
  ["a in", "found the end where ( after in belongs"],
  ["a in b", 'found "b" where ( after in belongs'],
  ["a in ()", "a in () names no value"],
  ["a notin ()", "a notin () names no value"],
  ["a in (b", "found the end where a comma or ) belongs"],
  ["a in (b c)", 'found "c" where a comma or ) belongs'],
  ["a in (b))", 'found ")" where a comma or the end belongs'],
  ["a>", 'a> needs an integer, not ""'],
  ["a<b", 'a< needs an integer, not "b"'],
  ["a>9223372036854775808", 'a> needs an integer, not "9223372036854775808"'],
  ["a>-5", `"-5" ${VALUE_RULE}`],
  ["a=-", `"-" ${VALUE_RULE}`],
  ["a in (b,c_)", `"c_" ${VALUE_RULE}`],
  [`a=${"v".repeat(64)}`, `"${"v".repeat(64)}" ${VALUE_RULE}`],
  ["-a", `"-a" ${KEY_RULE}`],
  ["/a", `"/a" ${KEY_RULE}`],
  ["a/", `"a/" ${KEY_RULE}`],
  ["a/b/c", `"a/b/c" ${KEY_RULE}`],
  ["A.example/b", `"A.example/b" ${KEY_RULE}`],
  [`${LONGEST_NAME}n`, `"${LONGEST_NAME}n" ${KEY_RULE}`],
  [`${"d.".repeat(126)}dd/a`, `"${"d.".repeat(60)}..." ${KEY_RULE}`],
  ["caf\u00e9", `"caf\u00e9" ${KEY_RULE}`],
  ["a\u00a0=b", `"a\u00a0" ${KEY_RULE}`],
];

Deno.test("label selector: what is none says where it breaks and what belongs there", () => {
  const problems = PROBLEMS.map(([text]) => [text, parseLabelSelector(text).problem]);
  assert.deepEqual(problems, PROBLEMS);
});

const LABELS: (Record<string, string> | undefined)[] = [
  undefined,
  {},
  { tier: "" },
  { tier: "web" },
  { tier: "api", old: "x" },
  { tier: "7" },
  { tier: "9223372036854775808" },
];

const MATCHES: [text: string, selected: number[]][] = [
  ["", [0, 1, 2, 3, 4, 5, 6]],
  ["tier", [2, 3, 4, 5, 6]],
  ["!tier", [0, 1]],
  ["tier=web", [3]],
  ["tier==web", [3]],
  ["tier=", [2]],
  ["tier!=web", [0, 1, 2, 4, 5, 6]],
  ["tier in (web,api)", [3, 4]],
  ["tier in (,web)", [2, 3]],
  ["tier notin (web,api)", [0, 1, 2, 5, 6]],
  ["tier>6", [5]],
  ["tier>7", []],
  ["tier<8", [5]],
  ["tier,!old", [2, 3, 5, 6]],
  ["tier=web,tier=api", []],
  ["toString", []],
  ["!constructor", [0, 1, 2, 3, 4, 5, 6]],
];

Deno.test("label selector: each operator selects what Kubernetes selects", () => {
  const selected = (text: string) =>
    LABELS.flatMap((labels, index) => selector(text).matches(labels) ? [index] : []);
  assert.deepEqual(MATCHES.map(([text]) => [text, selected(text)]), MATCHES);
});

Deno.test("label selector: everything selects all and has no text", () => {
  assert.deepEqual(everything.requirements, []);
  assert.equal(everything.matches({ any: "thing" }), true);
  assert.equal(String(everything), "");
});

const name = fc.stringMatching(/^[A-Za-z0-9]([-A-Za-z0-9_.]{0,5}[A-Za-z0-9])?$/);
const key = fc.oneof(
  fc.constantFrom("a", "b", "in", "notin"),
  name,
  fc.tuple(fc.stringMatching(/^[a-z0-9]{1,3}(\.[a-z0-9]{1,3})?$/), name).map((p) => p.join("/")),
);
const value = fc.oneof(fc.constantFrom("", "1", "2", "x"), name);
const requirement: fc.Arbitrary<LabelRequirement> = fc.oneof(
  fc.record({ key, operator: fc.constantFrom("exists", "!exists"), values: fc.constant([]) }),
  fc.record({ key, operator: fc.constantFrom("=", "==", "!="), values: fc.tuple(value) }),
  fc.record({
    key,
    operator: fc.constantFrom(">", "<"),
    values: fc.nat(99).map((number) => [String(number)]),
  }),
  fc.record({
    key,
    operator: fc.constantFrom("in", "notin"),
    values: fc.uniqueArray(value, { minLength: 1, maxLength: 4 }),
  }),
) as fc.Arbitrary<LabelRequirement>;

/** Writes a requirement with as much blank as the grammar lets. */
function written({ key, operator, values }: LabelRequirement, blank: string): string {
  if (operator === "exists") return `${blank}${key}${blank}`;
  if (operator === "!exists") return `!${blank}${key}`;
  if (operator === "in" || operator === "notin") {
    const inside = values.join(`${blank},${blank}`) || ",";
    return `${key} ${operator}${blank}(${blank}${inside}${blank})`;
  }
  return `${key}${blank}${operator}${blank}${values[0]}`;
}

Deno.test("label selector: any list of requirements survives text, sorted by key", () => {
  fc.assert(
    fc.property(
      fc.array(requirement, { maxLength: 5 }),
      fc.constantFrom("", " ", "\t \n"),
      (requirements, blank) => {
        const parsed = selector(requirements.map((each) => written(each, blank)).join(","));
        const sorted = requirements.map((each) => ({ ...each })).sort((a, b) =>
          a.key < b.key ? -1 : a.key > b.key ? 1 : 0
        );
        assert.deepEqual(parsed.requirements, sorted);
        const again = selector(parsed.toString());
        assert.equal(again.toString(), parsed.toString());
      },
    ),
  );
});

Deno.test("label selector: a requirement and its opposite never select the same object", () => {
  const opposite = { "=": "!=", "in": "notin", "exists": "!exists" } as const;
  fc.assert(
    fc.property(requirement, fc.dictionary(key, value, { maxKeys: 4 }), (each, labels) => {
      fc.pre(Object.hasOwn(opposite, each.operator));
      const other = { ...each, operator: opposite[each.operator as keyof typeof opposite] };
      const selects = (one: LabelRequirement) => selector(written(one, "")).matches(labels);
      assert.equal(selects(each), !selects(other));
    }),
  );
});

Deno.test("label selector: no text makes the parser throw", () => {
  const token = fc.constantFrom("a", "in", "(", ")", ",", "!", "=", "<", " ", "notin", "\u0000");
  fc.assert(
    fc.property(fc.array(token, { maxLength: 9 }), fc.string(), (tokens, text) => {
      for (const each of [tokens.join(""), text]) {
        const { selector, problem } = parseLabelSelector(each);
        assert.equal(selector === undefined, typeof problem === "string");
      }
    }),
  );
});
