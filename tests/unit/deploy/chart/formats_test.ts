import assert from "node:assert/strict";
import fc from "fast-check";
import { FORMATS } from "../../../../deploy/chart/formats.ts";
import { parseOptions } from "../../../../src/cli/flags/options.ts";
import { parseLabelSelector } from "../../../../src/kubernetes/resources/label_selector.ts";

type Name = keyof typeof FORMATS;

/** Whether the operator takes the value, and whether the chart's pattern does. */
function judged(name: Name, value: string): { operator: boolean; chart: boolean } {
  const { kind } = parseOptions([`--${name}=${value}`], () => undefined);
  return { operator: kind === "options", chart: matches(name, value) };
}

function matches(name: Name, value: string): boolean {
  return new RegExp(FORMATS[name]!.pattern, "u").test(value);
}

const VALUES: readonly [Name, readonly string[], readonly string[]][] = [
  [
    "label-selector",
    ["", " ", "a", "!a", "a=b", "a = b ,!c", "a in (b,c)", "a notin(,)", "in in (in)", "a>5", "a="],
    ["a b c", "a,", "a=!b", "a in ()", "a in b", "ain (b)", "a>b", "a>=5", "/a", "-a", "a=b c"],
  ],
  ["acr-audience", ["auto", "arm", "https://a", "api://b/c"], ["", "ARM", "a", "https://a b"]],
  [
    "allowed-entra-authority-hosts",
    ["a.example", "HTTPS://A.example/", "a.example:8443", "[::1]:443", "r\u00e4ume.example"],
    ["http://a.example", "a.example/b", "a.example?", "u@a.example", "a b", "a.example:x"],
  ],
  ["allowed-resource-manager-audiences", ["https://a/", "api://a"], ["a", "https://a?b", "//a"]],
  ["zap-encoder", ["json", "CONSOLE"], ["", "text", "jsonx"]],
  ["zap-log-level", ["info", "Panic", "5", "+05"], ["", "0", "-1", "warn", "1.5"]],
  ["zap-stacktrace-level", ["error", "PANIC"], ["warn", "debug"]],
  ["zap-time-encoding", ["epoch", "NANO", "rfc3339nano"], ["", "unix", "rfc"]],
];

for (const [name, taken, refused] of VALUES) {
  Deno.test(`the chart's format of --${name} is the operator's`, () => {
    for (const value of taken) {
      assert.deepEqual(judged(name, value), { operator: true, chart: true }, value);
    }
    for (const value of refused) {
      assert.deepEqual(judged(name, value), { operator: false, chart: false }, value);
    }
  });
}

Deno.test("every format is held against the operator", () => {
  assert.deepEqual(Object.keys(FORMATS), VALUES.map(([name]) => name));
});

const PIECES = ["a", "b-1", "x.io/", "in", "notin", "(", ")", ",", "!", "=", "==", "<", "5", " "];

Deno.test("no label selector of short parts is judged otherwise than by the operator", () => {
  const texts = fc.array(fc.constantFrom(...PIECES), { maxLength: 9 });
  fc.assert(
    fc.property(texts, (pieces) => {
      const text = pieces.join("");
      const operator = parseLabelSelector(text).selector !== undefined;
      assert.equal(matches("label-selector", text), operator, text);
    }),
    { numRuns: 2000 },
  );
});
