import assert from "node:assert/strict";
import { parseOptions } from "../../../../src/cli/flags/options.ts";
import type { Options } from "../../../../src/cli/flags/options.ts";
import {
  narrowSandbox,
  sandboxFaults,
  sandboxRemarks,
} from "../../../../src/cli/permissions/sandbox.ts";

function options(args: string[], env: Record<string, string> = {}): Options {
  const parsed = parseOptions(args, (name) => env[name]);
  assert.equal(parsed.kind, "options", JSON.stringify(parsed));
  return (parsed as { options: Options }).options;
}

/** A permission that grants these hosts and notes what is given up. */
function net(...hosts: string[]) {
  const revoked: string[] = [];
  return {
    revoked,
    granted: (host: string) => hosts.includes(host),
    revoke: (host: string) => revoked.push(host),
  };
}

const CLOUDS = ["azurecr.io", "azurecr.us", "azurecr.cn"].map((suffix) => `registry.${suffix}:443`);

const FAULTS: [
  name: string,
  args: string[],
  env: Record<string, string>,
  hosts: string[],
  string[],
][] = [
  ["the defaults where the clouds are granted", [], {}, CLOUDS, []],
  ["the defaults where one cloud is not", [], {}, CLOUDS.slice(1), ["*.azurecr.io:443"]],
  ["every registry", ["--allowed-acr-server-suffixes=*"], {}, [], []],
  [
    "a single registry that is granted by its name",
    ["--allowed-acr-server-suffixes=r.example"],
    {},
    ["r.example:443"],
    [],
  ],
  [
    "an Entra host with a port of its own",
    ["--allowed-entra-authority-hosts=login.example:8443,other.example"],
    {},
    [...CLOUDS, "login.example:8443"],
    ["other.example:443"],
  ],
  [
    "IMDS elsewhere, over TLS",
    [],
    { AZURE_POD_IDENTITY_AUTHORITY_HOST: "https://imds.example" },
    CLOUDS,
    ["imds.example:443"],
  ],
  [
    "IMDS elsewhere, granted",
    [],
    { AZURE_POD_IDENTITY_AUTHORITY_HOST: "http://192.0.2.1" },
    [...CLOUDS, "192.0.2.1:80"],
    [],
  ],
];

for (const [name, args, env, hosts, expected] of FAULTS) {
  Deno.test(`sandbox: ${name}`, () => {
    const faults = sandboxFaults(options(args, env), net(...hosts));
    assert.deepEqual(faults.map((text) => /may not connect to (\S+);/.exec(text)?.[1]), expected);
  });
}

const REMARKS: [name: string, args: string[], hosts: string[], expected: string[]][] = [
  ["the defaults", [], CLOUDS, []],
  ["every registry, confined", ["--allowed-acr-server-suffixes=*"], CLOUDS, [
    "--allowed-acr-server-suffixes=* admits every registry, but this executable may connect only " +
    "to the registries that were allowed when it was made; bindings of other registries will " +
    "fail until you make an executable that may, with `deno task compile --allow-host`, or an " +
    "image with the build argument ALLOW_HOSTS",
  ]],
  ["every registry, unconfined", ["--allowed-acr-server-suffixes=*"], ["nowhere.invalid:443"], []],
  [
    "one host of a suffix, and the whole of another",
    ["--allowed-acr-server-suffixes=r.example,azurecr.io"],
    [...CLOUDS, "r.example:443"],
    [
      "--allowed-acr-server-suffixes=r.example admits every registry under r.example, but this " +
      "executable may connect only to r.example itself; bindings of other registries will fail " +
      "until you make an executable that may, with `deno task compile --allow-host`, or an image " +
      "with the build argument ALLOW_HOSTS",
    ],
  ],
];

for (const [name, args, hosts, expected] of REMARKS) {
  Deno.test(`sandbox: what is said at start of ${name}`, () => {
    assert.deepEqual(sandboxRemarks(options(args), net(...hosts)), expected);
  });
}

const NARROWED: [args: string[], revoked: string[]][] = [
  [[], []],
  [["--allowed-acr-server-suffixes=*"], []],
  [["--allowed-acr-server-suffixes=azurecr.us"], [CLOUDS[0]!, CLOUDS[2]!]],
  [["--allowed-acr-server-suffixes=team.azurecr.cn"], [CLOUDS[0]!, CLOUDS[1]!]],
  [["--allowed-acr-server-suffixes=notazurecr.io"], CLOUDS],
];

for (const [args, expected] of NARROWED) {
  Deno.test(`sandbox: what is given up with ${args.join(" ") || "the defaults"}`, () => {
    const permission = net();
    narrowSandbox(options(args), permission);
    assert.deepEqual(permission.revoked, expected);
  });
}
