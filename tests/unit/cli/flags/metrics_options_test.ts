import assert from "node:assert/strict";
import { parseOptions } from "../../../../src/cli/flags/options.ts";

function parse(...args: string[]): unknown {
  const parsed = parseOptions(args, () => undefined);
  if (parsed.kind === "options") return parsed.options.metricsSecurity;
  assert.equal(parsed.kind, "errors");
  return parsed.kind === "errors" ? parsed.errors : [];
}

const pair = (certificate: string, key: string) => ({ files: { certificate, key } });

const CASES: [name: string, args: string[], expected: unknown][] = [
  ["metrics are plain by default", [], undefined],
  ["plain on request", ["--metrics-secure=false"], undefined],
  ["secure with a certificate of the process's own", ["--metrics-secure"], {}],
  ["an empty directory counts as absent", ["--metrics-secure", "--metrics-cert-path="], {}],
  [
    "secure with a mounted certificate",
    ["--metrics-secure", "--metrics-cert-path=/certs/"],
    pair("/certs/tls.crt", "/certs/tls.key"),
  ],
  [
    "secure with files of other names",
    ["-metrics-secure", "-metrics-cert-path", "/c", "-metrics-cert-name=a", "-metrics-cert-key=b"],
    pair("/c/a", "/c/b"),
  ],
  [
    "a certificate without --metrics-secure",
    ["--metrics-cert-path=/c", "--metrics-cert-key=b"],
    [
      '--metrics-cert-path="/c" has no effect without --metrics-secure: add that, or remove it.',
      '--metrics-cert-key="b" has no effect without --metrics-secure: add that, or remove it.',
    ],
  ],
  [
    "a name without a directory",
    ["--metrics-secure", "--metrics-cert-name=a"],
    ['--metrics-cert-name="a" has no effect without --metrics-cert-path: add that, or remove it.'],
  ],
  [
    "an address that health has too",
    ["--metrics-secure", "--metrics-bind-address=:8081"],
    [
      "--metrics-secure needs an address of its own: give --metrics-bind-address another port " +
      "than --health-probe-bind-address=:8081, such as :8443.",
    ],
  ],
  ["no metrics at all", ["--metrics-secure", "--metrics-bind-address=0"], {}],
];

for (const [name, args, expected] of CASES) {
  Deno.test(`secure metrics: ${name}`, () => assert.deepEqual(parse(...args), expected));
}
