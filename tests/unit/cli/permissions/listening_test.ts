import assert from "node:assert/strict";
import { listeningFaults } from "../../../../src/cli/permissions/listening.ts";
import { parseOptions } from "../../../../src/cli/flags/options.ts";

const DEFAULT_ADDRESSES = ["[::]:8080", "0.0.0.0:8081"];

const LISTENERS: [args: string[], allowed: string[], refused: string[]][] = [
  [[], DEFAULT_ADDRESSES, []],
  [[], [], ["--metrics-bind-address=:8080", "--health-probe-bind-address=:8081"]],
  [["--metrics-bind-address=0", "--health-probe-bind-address=0"], [], []],
  [["--health-probe-bind-address=:9090"], DEFAULT_ADDRESSES, ["--health-probe-bind-address=:9090"]],
  [["--health-probe-bind-address=[::]:8080"], DEFAULT_ADDRESSES, []],
  [["--metrics-addr=[::1]:8080"], DEFAULT_ADDRESSES, ["--metrics-bind-address=[::1]:8080"]],
  [["--metrics-addr=127.0.0.1:9090"], [...DEFAULT_ADDRESSES, "127.0.0.1:9090"], []],
];

for (const [args, allowed, expected] of LISTENERS) {
  Deno.test(`listening: ${args.join(" ") || "no flag"} where ${allowed} are allowed`, () => {
    const parsed = parseOptions(args, () => undefined);
    assert.ok(parsed.kind === "options", JSON.stringify(parsed));
    const faults = listeningFaults(parsed.options, { granted: (host) => allowed.includes(host) });
    assert.deepEqual(
      faults.map((text) =>
        /^(\S+) cannot be honoured: .* may not listen there; write/.exec(text)?.[1]
      ),
      expected,
    );
  });
}
