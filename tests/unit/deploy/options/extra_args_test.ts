import assert from "node:assert/strict";
import { chartFacts } from "../../../../deploy/chart/flags.ts";
import { extraArgErrors } from "../../../../deploy/options/extra_args.ts";
import { DEPLOY_FLAGS } from "../../../../deploy/options/flag_table.ts";
import { parseDeploy } from "../../../../deploy/options/options.ts";

/** A value that the operator takes, of each flag that takes more than a word of its own choice. */
const VALUES: Readonly<Record<string, string>> = {
  "label-selector": "a=b",
  "ttl-rotation-fraction": "0.8",
  "acr-audience": "arm",
  "allowed-entra-authority-hosts": "login.example",
  "allowed-resource-manager-audiences": "https://management.example/",
  "zap-encoder": "console",
  "zap-log-level": "5",
  "zap-stacktrace-level": "error",
  "zap-time-encoding": "epoch",
};

function errorsOf(...args: string[]): readonly string[] {
  const parsed = parseDeploy(args.map((arg) => `--extra-arg=${arg}`));
  return parsed.kind === "errors" ? parsed.errors : [];
}

for (const [spelling, flag] of Object.entries(chartFacts().flags)) {
  const value = flag.kind === "boolean" ? "true" : flag.choices?.[0] ?? VALUES[flag.name] ?? "x";
  const isTaken = flag.refused === undefined && !flag.ofCertificate;
  Deno.test(`--extra-arg ${isTaken ? "takes" : "refuses"} --${spelling}, as the chart does`, () => {
    for (const dashes of ["-", "--"]) {
      const arg = `${dashes}${spelling}=${value}`;
      const errors = errorsOf(arg);
      if (isTaken) {
        assert.deepEqual(errors, []);
        continue;
      }
      assert.equal(errors.length, 1, arg);
      assert.ok(errors[0]!.startsWith(`--extra-arg=${JSON.stringify(arg)} cannot stand here: `));
      const [, option] = /; use --([a-z-]+)/.exec(errors[0]!) ?? [];
      assert.ok(option === undefined || option in DEPLOY_FLAGS, option);
      assert.match(errors[0]!, /; (use --|use the chart|leave it out)/);
    }
  });
}

const CASES: readonly [string, string[], string[]][] = [
  ["what ends leader election", ["--leader-elect=false"], [
    '--extra-arg="--leader-elect=false" cannot stand here: it is always set; leave it out.',
  ]],
  ["an audience that the policy does not know", ["--service-account-token-audience=api://x"], [
    '--extra-arg="--service-account-token-audience=api://x" cannot stand here: a policy insists on ' +
    "the same; use --service-account-token-audience.",
  ]],
  ["a switch without its rights", ["-metrics-secure"], [
    '--extra-arg="-metrics-secure" cannot stand here: it needs rights of its own, a port and a ' +
    "Service; use --metrics-secure.",
  ]],
  ["a value of its own item", ["--log-level", "debug"], [
    '--extra-arg="--log-level" cannot stand here: it needs a value; write ' +
    "--extra-arg=--log-level=VALUE.",
    '--extra-arg="debug" cannot stand here: it is no flag; write --extra-arg=--NAME=VALUE.',
  ]],
  ["a flag twice", ["--log-level=info", "-log-level=debug"], [
    '--extra-arg="-log-level=debug" cannot stand here: "--log-level=info" has given the flag ' +
    "already; leave one of them out.",
  ]],
  ["the end of flags", ["--"], [
    '--extra-arg="--" cannot stand here: it is no flag; write --extra-arg=--NAME=VALUE.',
  ]],
];

for (const [name, args, expected] of CASES) {
  Deno.test(`--extra-arg refuses ${name}`, () => assert.deepEqual(extraArgErrors(args), expected));
}

Deno.test("a list may be given in several goes, and names of Object are no flags", () => {
  const hosts = ["a.example", "b.example"].map((host) => `--allowed-entra-authority-hosts=${host}`);
  assert.deepEqual(errorsOf(...hosts), []);
  assert.match(errorsOf("--constructor=x")[0]!, /^--constructor is no flag of this program/);
});

Deno.test("--extra-arg is read by the operator's own parser", () => {
  assert.match(errorsOf("--label-selector=a b c")[0]!, /^--label-selector="a b c" is no label sel/);
  assert.match(errorsOf("--ttl-rotation-fraction=half")[0]!, /"half" is no number/);
  assert.match(errorsOf("--zap-devel=yes")[0]!, /"yes" is no boolean/);
});
