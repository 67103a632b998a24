import assert from "node:assert/strict";
import { FLAGS } from "../../../../src/cli/flags/flag_table.ts";
import { suggest } from "../../../../src/cli/flags/suggest.ts";

const CASES: [given: string, meant: string | undefined][] = [
  ["leader-elct", "leader-elect"],
  ["Leader-Elect", "leader-elect"],
  ["zap-leve", "zap-devel"],
  ["label-selecotr", "label-selector"],
  ["metrics-bind-adress", "metrics-bind-address"],
  ["health-probe-bind-addr", "health-probe-bind-address"],
  ["allowed-acr-server-suffix", "allowed-acr-server-suffixes"],
  ["hlep", "help"],
  ["zap-log-levle", "zap-log-level"],
  ["colour", undefined],
  ["", undefined],
  ["x".repeat(500), undefined],
];

Deno.test("suggest: names the nearest flag, or none when none is near", () => {
  const names = Object.keys(FLAGS);
  assert.deepEqual(CASES.map(([given]) => [given, suggest(given, names)]), CASES);
});

Deno.test("suggest: a flag of one letter is meant by no other letter", () => {
  assert.equal(suggest("x", ["h", "o"]), undefined);
  assert.equal(suggest("ho", ["h", "o"]), undefined);
});
