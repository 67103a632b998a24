import assert from "node:assert/strict";
import { type FlagTable, parseFlags } from "../../../../src/cli/flags/flags.ts";

const TABLE = {
  "leader-elect": { kind: "boolean", group: "g", help: "h", aliases: ["enable-leader-election"] },
  "metrics-addr": { kind: "string", group: "g", help: "h", placeholder: "HOST:PORT" },
  "fraction": { kind: "number", group: "g", help: "h" },
  "suffixes": { kind: "list", group: "g", help: "h" },
  "arg": { kind: "repeated", group: "g", help: "h" },
  "gone": { kind: "boolean", group: "g", help: "h", refused: "is gone: use --fraction." },
} as const satisfies FlagTable;

const elect = (value: boolean, spelling = "--leader-elect") => ({
  "leader-elect": { value, spelling },
});
const address = (value: string) => ({ "metrics-addr": { value, spelling: "--metrics-addr" } });

const ACCEPTED: { name: string; args: string[]; given: unknown; positionals?: string[] }[] = [
  { name: "no arguments give nothing", args: [], given: {} },
  { name: "a bare boolean is true", args: ["--leader-elect"], given: elect(true) },
  { name: "one dash is as good as two", args: ["-leader-elect"], given: elect(true) },
  { name: "a boolean takes a value after =", args: ["--leader-elect=false"], given: elect(false) },
  {
    name: "an alias gives the flag and keeps its spelling",
    args: ["--enable-leader-election"],
    given: elect(true, "--enable-leader-election"),
  },
  { name: "a value follows =", args: ["--metrics-addr=:1"], given: address(":1") },
  { name: "a value follows a space", args: ["-metrics-addr", ":1"], given: address(":1") },
  { name: "a value may be empty after =", args: ["--metrics-addr="], given: address("") },
  { name: "a value may be empty after a space", args: ["--metrics-addr", ""], given: address("") },
  { name: "a value may hold =", args: ["--metrics-addr=a=b"], given: address("a=b") },
  { name: "a value may hold line breaks", args: ["--metrics-addr=a\nb"], given: address("a\nb") },
  {
    name: "a value may begin with a dash when it is no flag",
    args: ["--metrics-addr", "-x"],
    given: address("-x"),
  },
  {
    name: "the last of several values counts",
    args: ["--metrics-addr=:1", "-metrics-addr", ":2"],
    given: address(":2"),
  },
  {
    name: "a list gathers commas and repetitions, without spaces and empty items",
    args: ["--suffixes=a, b,,", "--suffixes", "c"],
    given: { suffixes: { value: ["a", "b", "c"], spelling: "--suffixes" } },
  },
  {
    name: "what is repeated is gathered as it stands, with commas and spaces",
    args: ["--arg=a, b", "--arg", "", "--arg=c"],
    given: { arg: { value: ["a, b", "", "c"], spelling: "--arg" } },
  },
  {
    name: "an empty list is given, and empty",
    args: ["--suffixes="],
    given: { suffixes: { value: [], spelling: "--suffixes" } },
  },
  {
    name: "two dashes alone end the flags",
    args: ["--leader-elect", "--", "--metrics-addr", "x"],
    given: elect(true),
    positionals: ["--metrics-addr", "x"],
  },
  {
    name: "a boolean takes no value after a space",
    args: ["--leader-elect", "false", "--metrics-addr=:1"],
    given: { ...elect(true), ...address(":1") },
    positionals: ["false"],
  },
  { name: "one dash alone is no flag", args: ["-"], given: {}, positionals: ["-"] },
  {
    name: "a refused boolean may be switched off",
    args: ["--gone=false"],
    given: { gone: { value: false, spelling: "--gone" } },
  },
];

for (const { name, args, given, positionals = [] } of ACCEPTED) {
  Deno.test(`flags: ${name}`, () => {
    assert.deepEqual(parseFlags(TABLE, args), { given, positionals, errors: [] });
  });
}

Deno.test("flags: booleans are spelled as Go spells them, and no other way", () => {
  const values = (spellings: string[]) =>
    spellings.map((text) =>
      parseFlags(TABLE, [`--leader-elect=${text}`]).given["leader-elect"]?.value
    );
  const yes = ["1", "t", "T", "TRUE", "true", "True"];
  const no = ["0", "f", "F", "FALSE", "false", "False"];
  const neither = ["", "yes", "no", "on", "tRUE", "2", " true", "null"];
  assert.deepEqual(values(yes), yes.map(() => true));
  assert.deepEqual(values(no), no.map(() => false));
  assert.deepEqual(values(neither), neither.map(() => undefined));
});

Deno.test("flags: numbers are decimal, with an exponent if need be", () => {
  const values = (texts: string[]) =>
    texts.map((text) => parseFlags(TABLE, ["--fraction", text]).given.fraction?.value);
  assert.deepEqual(values(["0.5", ".5", "5.", "-1", "+2", "5e-1", "1E2"]), [
    0.5,
    0.5,
    5,
    -1,
    2,
    0.5,
    100,
  ]);
  const none = ["", " ", "x", "0x1p-2", "NaN", "Infinity", "1,5", "1_0", "0.5 ", "."];
  assert.deepEqual(values(none), none.map(() => undefined));
});

const REFUSED: { name: string; args: string[]; errors: string[] }[] = [
  {
    name: "an unknown flag near a known one",
    args: ["--leader-elct"],
    errors: ["--leader-elct is no flag of this program: did you mean --leader-elect?"],
  },
  {
    name: "an unknown flag near an alias, with its value",
    args: ["-enable-leaderelection", "true"],
    errors: [
      "--enable-leaderelection is no flag of this program: did you mean --enable-leader-election?",
    ],
  },
  {
    name: "an unknown flag near nothing, before a known one",
    args: ["--colour", "--leader-elect"],
    errors: ["--colour is no flag of this program: --help lists them all."],
  },
  {
    name: "a value missing at the end",
    args: ["--metrics-addr"],
    errors: ["--metrics-addr needs a value: write --metrics-addr=HOST:PORT."],
  },
  {
    name: "a value missing before another flag",
    args: ["--fraction", "--leader-elect=true"],
    errors: ["--fraction needs a value: write --fraction=VALUE."],
  },
  {
    name: "a value missing before the end of flags",
    args: ["--fraction", "--"],
    errors: ["--fraction needs a value: write --fraction=VALUE."],
  },
  {
    name: "a word for a boolean",
    args: ["--enable-leader-election=yes"],
    errors: ['--enable-leader-election="yes" is no boolean: write true or false.'],
  },
  {
    name: "a word for a number",
    args: ["--fraction=half"],
    errors: ['--fraction="half" is no number: write one such as 0.5.'],
  },
  {
    name: "three dashes",
    args: ["---leader-elect"],
    errors: ['"---leader-elect" is no flag: write --NAME=VALUE.'],
  },
  { name: "no name", args: ["--=x"], errors: ['"--=x" is no flag: write --NAME=VALUE.'] },
  { name: "a refused flag", args: ["--gone"], errors: ["--gone is gone: use --fraction."] },
  {
    name: "a property of every object",
    args: ["--constructor=1", "--__proto__=2"],
    errors: [
      "--constructor is no flag of this program: --help lists them all.",
      "--__proto__ is no flag of this program: --help lists them all.",
    ],
  },
  {
    name: "several faults, all at once and in order",
    args: ["--fraction=x", "--leader-elect=2", "--metrics-addr"],
    errors: [
      '--fraction="x" is no number: write one such as 0.5.',
      '--leader-elect="2" is no boolean: write true or false.',
      "--metrics-addr needs a value: write --metrics-addr=HOST:PORT.",
    ],
  },
];

for (const { name, args, errors } of REFUSED) {
  Deno.test(`flags: ${name} is refused`, () => {
    assert.deepEqual(parseFlags(TABLE, args).errors, errors);
  });
}

Deno.test("flags: a very long value is cut in its error", () => {
  assert.deepEqual(parseFlags(TABLE, [`--fraction=${"9x".repeat(5000)}`]).errors, [
    `--fraction="${"9x".repeat(60)}..." is no number: write one such as 0.5.`,
  ]);
});
