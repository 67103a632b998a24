import assert from "node:assert/strict";
import { type DemoOptions, type ParsedDemo, parseDemoOptions } from "./options.ts";

const options = (given: Partial<DemoOptions>): ParsedDemo => ({
  kind: "options",
  options: { once: false, knowsAll: false, ...given },
});
const errors = (...sentences: string[]): ParsedDemo => ({ kind: "errors", errors: sentences });

const CASES: readonly { name: string; args: string[]; expected: ParsedDemo }[] = [
  { name: "nothing means a live view in memory", args: [], expected: options({ once: false }) },
  { name: "a single run", args: ["--once"], expected: options({ once: true }) },
  {
    name: "an Azure that knows all",
    args: ["--azure-knows=all"],
    expected: options({ knowsAll: true }),
  },
  {
    name: "an Azure that knows something else",
    args: ["--azure-knows=none"],
    expected: errors('--azure-knows="none" is unknown: write samples or all.'),
  },
  {
    name: "a cluster of the user's, by its context",
    args: ["--kubeconfig", "test.yaml", "--context=kind"],
    expected: options({ once: false, cluster: { kubeconfig: "test.yaml", context: "kind" } }),
  },
  { name: "help, whatever else is given", args: ["--none", "-h"], expected: { kind: "help" } },
  {
    name: "an unknown flag",
    args: ["--kubconfig=x"],
    expected: errors("--kubconfig is no flag of this program: did you mean --kubeconfig?"),
  },
  {
    name: "an argument that is no flag",
    args: ["once"],
    expected: errors('"once" is no flag: --help lists them all.'),
  },
  {
    name: "a kubeconfig without a file",
    args: ["--kubeconfig"],
    expected: errors("--kubeconfig needs a value: write --kubeconfig=FILE."),
  },
  {
    name: "an empty kubeconfig",
    args: ["--kubeconfig="],
    expected: errors("--kubeconfig needs a value: write --kubeconfig=FILE."),
  },
  {
    name: "an empty context",
    args: ["--kubeconfig=x", "--context="],
    expected: errors("--context needs a value: write --context=NAME."),
  },
  {
    name: "a context of no file",
    args: ["--context=kind"],
    expected: errors('--context="kind" has no effect without --kubeconfig: add it.'),
  },
];

for (const { name, args, expected } of CASES) {
  Deno.test(`demo options: ${name}`, () => assert.deepEqual(parseDemoOptions(args), expected));
}
