import assert from "node:assert/strict";
import { deployHelp, operatorErrors, parseDeploy } from "../../../../deploy/options/options.ts";
import { DEFAULTS, type Settings } from "../../../../deploy/manifests/settings.ts";

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
      "--fixed-user=false",
      "--workload-identity=false",
      "--metrics-secure",
      "--secret-access=get",
      "--extra-arg=--log-level=debug",
      "--extra-arg=--label-selector=tier in (web, api)",
      "--check",
    ],
    {
      policies: false,
      tenantPolicy: true,
      networkPolicy: false,
      fixedUser: false,
      workloadIdentity: false,
      metricsSecure: true,
      secretAccess: "get",
      extraArgs: ["--log-level=debug", "--label-selector=tier in (web, api)"],
    },
    { kind: "check", directory: "deploy/latest" },
  ],
  [
    "a proxy, and the way to it",
    [
      "--extra-env=HTTPS_PROXY=http://proxy.example:3128/?a=b",
      "--extra-env=NO_PROXY=10.0.0.0/8,.svc",
      "--extra-env=EMPTY=",
      "--extra-egress=10.0.0.4/32:3128,0.0.0.0/0:65535",
      "--extra-egress=fd00::/8:1",
      "-o=x",
    ],
    {
      extraEnv: [
        { name: "HTTPS_PROXY", value: "http://proxy.example:3128/?a=b" },
        { name: "NO_PROXY", value: "10.0.0.0/8,.svc" },
        { name: "EMPTY", value: "" },
      ],
      extraEgress: [
        { cidr: "10.0.0.4/32", port: 3128 },
        { cidr: "0.0.0.0/0", port: 65535 },
        { cidr: "fd00::/8", port: 1 },
      ],
    },
    { kind: "write", directory: "x" },
  ],
  [
    "a cluster",
    ["--apply", "--force-conflicts", "--kubeconfig=k", "--context=c"],
    {},
    { kind: "apply", force: true, prune: false, kubeconfig: "k", context: "c" },
  ],
  [
    "that tokens are left unguarded",
    ["--policies=false", "--accept-unguarded-tokens"],
    { policies: false },
    { kind: "write", directory: "deploy/latest" },
  ],
  [
    "a namespace of somebody else's",
    ["--namespace=kubeless", "--create-namespace=false", "--apply"],
    { namespace: "kubeless", createNamespace: false },
    { kind: "apply", force: false, prune: false },
  ],
  [
    "authorities of one's own",
    ["--azure-ca-configmap=corporate-ca"],
    { azureCa: { name: "corporate-ca", key: "ca.crt" } },
    { kind: "write", directory: "deploy/latest" },
  ],
  [
    "authorities of one's own at another key",
    ["--azure-ca-configmap=trust/bundle.pem"],
    { azureCa: { name: "trust", key: "bundle.pem" } },
    { kind: "write", directory: "deploy/latest" },
  ],
  ["a comparison", ["--diff", "--prune"], {}, { kind: "diff", force: false, prune: true }],
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
  ...["default", "kube-system", "kube-public", "kube-x"].map(
    (namespace): [string, string[], RegExp] => [
      `the namespace ${namespace}`,
      ["-n", namespace, "--create-namespace=false"],
      new RegExp(`^-n=${namespace} is the cluster's own: give .* such as msi-acrpull-system\\.$`),
    ],
  ),
  ...["1.5", "x", "-1", "1e3", ""].map((count): [string, string[], RegExp] => [
    `the count ${JSON.stringify(count)}`,
    [`--replicas=${count}`],
    /^--replicas="[^"]*" is no count: write a whole number such as 2\.$/,
  ]),
  ["an empty image", ["--image="], /--image="" is no image: write one such as registry\.exam/],
  ["an image with a quote", ['--image=evil"x'], /--image="evil\\"x" is no image/],
  ...["", ",", " , "].map((list): [string, string[], RegExp] => [
    `the list ${JSON.stringify(list)} of suffixes`,
    [`--allowed-acr-server-suffixes=${list}`],
    /^--allowed-acr-server-suffixes= names no domain: write some, .* leave it out for azurecr\.io/,
  ]),
  ["an empty audience", ["--service-account-token-audience="], /audience="" must be one word/],
  ["another way to read Secrets", ["--secret-access=list"], /--secret-access="list" is unknown/],
  [
    "tokens without their policy",
    ["--policies=false"],
    /^--policies=false lets .*: add --workload-identity=false .*, or --accept-unguarded-tokens to/,
  ],
  [
    "tokens without their policy, said outright",
    ["--policies=false", "--workload-identity", "--accept-unguarded-tokens=false"],
    /^--policies=false lets the operator mint tokens of any service account/,
  ],
  ...[[], ["--policies"], ["--policies=false", "--workload-identity=false"]].map(
    (others): [string, string[], RegExp] => [
      `an acceptance of nothing beside ${others.join(" ") || "the defaults"}`,
      ["--accept-unguarded-tokens", ...others],
      /^--accept-unguarded-tokens has no effect without --policies=false/,
    ],
  ),
  ...["a/b/c", "A", "/ca.crt", "ca/", "ca/../x", "a b"].map((map): [string, string[], RegExp] => [
    `the ConfigMap ${map}`,
    [`--azure-ca-configmap=${map}`],
    /^--azure-ca-configmap=".*" is no ConfigMap: write its name, or NAME\/KEY where/,
  ]),
  [
    "a bundle that nobody mounts",
    ["--extra-arg=--azure-ca-bundle=/x"],
    /the bundle has to be mounted; use --azure-ca-configmap/,
  ],
  ["two things to do", ["--apply", "--diff"], /--apply and --diff exclude one another/],
  ["a file beside a cluster", ["--apply", "-o", "-"], /--output has no effect with --apply/],
  ["a cluster beside a file", ["--context=c"], /--context has no effect without --apply or --diff/],
  ["a deletion beside a file", ["--prune"], /--prune has no effect without --apply or --diff/],
  ["a variable without a value", ["--extra-env=HTTPS_PROXY"], /"HTTPS_PROXY" is no variable/],
  ["a variable without a name", ["--extra-env==x"], /"=x" is no variable: write NAME=VALUE/],
  ["a variable given twice", ["--extra-env=A=1", "--extra-env=A=2"], /=A is given twice/],
  ["a variable with an option", ["--extra-env=ACR_SERVER=a.azurecr.io"], /use --acr-server\./],
  [
    "a variable that the operator refuses",
    ["--extra-env=AZURE_POD_IDENTITY_AUTHORITY_HOST=imds"],
    /^AZURE_POD_IDENTITY_AUTHORITY_HOST="imds" is no base URL/,
  ],
  ...[
    "10.0.0.4:3128",
    "10.0.0.4/32",
    "10.0.0.4/33:1",
    "10.0.0/8:1",
    "fd00::/129:1",
    "fd00::/8",
    "proxy.example/32:1",
    "10.0.0.0/8:0",
    "10.0.0.0/8:65536",
    "10.0.0.0/8:http",
  ].map((egress): [string, string[], RegExp] => [
    `the egress ${egress}`,
    [`--extra-egress=${egress}`],
    /is no CIDR with a port: write one such as 10\.0\.0\.4\/32:3128/,
  ]),
  [
    "a way out of no policy",
    ["--extra-egress=10.0.0.4/32:3128", "--network-policy=false"],
    /--extra-egress has no effect with --network-policy=false/,
  ],
  ["a check of what is printed", ["--check", "-o", "-"], /--check compares files/],
  ["a registry out of bounds", ["--acr-server=registry.example"], /^--acr-server "registry\.ex/],
  [
    "a registry with a scheme",
    ["--acr-server=https://foo"],
    /^--acr-server "https:\/\/foo" carries/,
  ],
  ["an ID that is none", ["--client-id=me"], /^--client-id "me" /],
  ["a resource ID that is none", ["--resource-id=me"], /^--resource-id "me" /],
  ["an audience that is none", ["--arm-resource=me"], /^--arm-resource "me" is no audience/],
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
  for (const flag of ["--output, -o", "--apply", "--secret-access", "--extra-env", "--prune"]) {
    assert.ok(deployHelp().includes(flag), flag);
  }
});
