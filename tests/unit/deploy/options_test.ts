import assert from "node:assert/strict";
import { deployHelp, operatorErrors, parseDeploy } from "../../../deploy/options.ts";
import { DEFAULTS, type Settings } from "../../../deploy/manifests/settings.ts";

const CLIENT_ID = "1b461305-28be-5271-beda-bd9fd2e24251";

const PARSED: readonly [string, string[], Partial<Settings>, unknown][] = [
  ["nothing", [], {}, { kind: "write", directory: "deploy/latest" }],
  [
    "an installation of one's own for a pipe",
    ["--image=r.example/a:1", "-n", "elsewhere", "--replicas=3", "-o", "-"],
    { image: "r.example/a:1", namespace: "elsewhere", replicas: 3 },
    { kind: "print" },
  ],
  [
    "defaults of bindings, and suffixes in two goes",
    [
      "--acr-server=a.registry.example",
      `--client-id=${CLIENT_ID}`,
      "--arm-resource=https://management.azure.com/",
      "--allowed-acr-server-suffixes=azurecr.io",
      "--allowed-acr-server-suffixes=registry.example",
    ],
    {
      defaults: {
        acrServer: "a.registry.example",
        clientId: CLIENT_ID,
        armResource: "https://management.azure.com/",
      },
      allowedServerSuffixes: ["azurecr.io", "registry.example"],
    },
    { kind: "write", directory: "deploy/latest" },
  ],
  [
    "what can be switched",
    [
      "--policies=false",
      "--tenant-policy",
      "--network-policy=false",
      "--workload-identity=false",
      "--metrics-secure",
      "--secret-access=get",
      "--extra-arg=--log-level=debug --acr-audience=acr",
      "--check",
    ],
    {
      policies: false,
      tenantPolicy: true,
      networkPolicy: false,
      workloadIdentity: false,
      metricsSecure: true,
      secretAccess: "get",
      extraArgs: ["--log-level=debug", "--acr-audience=acr"],
    },
    { kind: "check", directory: "deploy/latest" },
  ],
  [
    "a cluster",
    ["--apply", "--force-conflicts", "--kubeconfig=k", "--context=c"],
    {},
    { kind: "apply", force: true, kubeconfig: "k", context: "c" },
  ],
  ["a comparison", ["--diff"], {}, { kind: "diff", force: false }],
];

for (const [name, args, settings, target] of PARSED) {
  Deno.test(`deno task deploy understands ${name}`, () => {
    assert.deepEqual(parseDeploy(args), {
      kind: "run",
      settings: { ...DEFAULTS, ...settings },
      target,
    });
  });
}

const REFUSED: readonly [string, string[], RegExp][] = [
  ["a namespace that is none", ["--namespace=Not_One"], /--namespace="Not_One" is no namespace/],
  ["a count that is none", ["--replicas=1.5"], /--replicas=1\.5 is no count/],
  ["an empty image", ["--image="], /--image="" must be one word/],
  ["another way to read Secrets", ["--secret-access=list"], /--secret-access="list" is unknown/],
  ["two things to do", ["--apply", "--diff"], /--apply and --diff exclude one another/],
  ["a file beside a cluster", ["--apply", "-o", "-"], /--output has no effect with --apply/],
  ["a cluster beside a file", ["--context=c"], /--context has no effect without --apply or --diff/],
  ["a check of what is printed", ["--check", "-o", "-"], /--check compares files/],
  ["a registry out of bounds", ["--acr-server=registry.example"], /^ACR_SERVER /],
  ["an ID that is none", ["--client-id=me"], /^MANAGED_IDENTITY_CLIENT_ID /],
  ["a flag that the operator lacks", ["--extra-arg=--log-levle=debug"], /did you mean --log-level/],
  ["a flag that ends the operator", ["--extra-arg=--version"], /print its version and exit/],
  ["what is no flag", ["apply"], /"apply" is no flag/],
];

for (const [name, args, message] of REFUSED) {
  Deno.test(`deno task deploy refuses ${name}`, () => {
    const parsed = parseDeploy(args);
    assert.equal(parsed.kind, "errors");
    assert.equal(parsed.kind === "errors" && parsed.errors.length, 1);
    assert.match(parsed.kind === "errors" ? parsed.errors[0]! : "", message);
  });
}

Deno.test("the operator understands every flag that the Deployment gives it", () => {
  for (const [name, , settings] of PARSED) {
    assert.deepEqual(operatorErrors({ ...DEFAULTS, ...settings }), [], name);
  }
});

Deno.test("help is for asking, and names every flag", () => {
  assert.deepEqual(parseDeploy(["--help", "--replicas=x"]).kind, "help");
  for (const flag of ["--output, -o", "--apply", "--secret-access", "--tenant-policy"]) {
    assert.ok(deployHelp().includes(flag), flag);
  }
});
