import assert from "node:assert/strict";
import { FLAGS, VARIABLES } from "../../../../src/cli/flags/flag_table.ts";
import {
  type Options,
  type ParsedOptions,
  parseOptions,
} from "../../../../src/cli/flags/options.ts";

const CLIENT_ID = "1b461305-28be-5271-beda-bd9fd2e24251";
const RESOURCE_ID =
  `/subscriptions/${CLIENT_ID}/resourceGroups/rg/providers/Microsoft.ManagedIdentity/userAssignedIdentities/puller`;

function parse(args: string[], env: Record<string, string> = {}): ParsedOptions {
  return parseOptions(args, (name) => env[name]);
}

/** Options as plain data: the selector as its text. */
function plain(args: string[], env?: Record<string, string>): Record<string, unknown> {
  const parsed = parse(args, env);
  assert.equal(parsed.kind, "options", JSON.stringify(parsed));
  const { options } = parsed as { options: Options };
  return { ...options, labelSelector: options.labelSelector.toString() };
}

const DEFAULTS = {
  metricsBindAddress: { host: "", port: 8080 },
  healthProbeBindAddress: { host: "", port: 8081 },
  leaderElection: { enabled: false },
  labelSelector: "",
  ttlRotationFraction: 0.5,
  serviceAccountTokenAudience: "api://AzureCRTokenExchange",
  audiencePolicy: { kind: "auto" },
  secretAccess: "watch",
  allowedServerSuffixes: ["azurecr.io", "azurecr.us", "azurecr.cn"],
  airgapped: { entraAuthorityHosts: [], resourceManagerAudiences: [] },
  defaults: {},
  log: { format: "json", level: "info", stacktraceLevel: "panic", timeEncoding: "iso8601" },
};

interface Accepted {
  name: string;
  args?: string[];
  env?: Record<string, string>;
  /** What differs from the defaults. */
  expect: Record<string, unknown>;
}

const log = (changes: Record<string, string>) => ({ log: { ...DEFAULTS.log, ...changes } });

const ACCEPTED: Accepted[] = [
  { name: "nothing given is every default", expect: {} },
  {
    name: "the arguments of the reference's chart",
    args: [
      "--leader-elect",
      "--health-probe-bind-address=:8081",
      "--metrics-bind-address=127.0.0.1:8080",
      "--service-account-token-audience=api://Other",
      "--ttl-rotation-fraction=0.25",
      "--label-selector=environment!=prod,tier in (frontend,backend)",
      "--allowed-acr-server-suffixes=azurecr.io",
      "--zap-log-level=debug",
      "--zap-encoder=console",
      "--zap-stacktrace-level=error",
      "--zap-time-encoding=rfc3339",
      "--zap-devel=false",
    ],
    expect: {
      leaderElection: { enabled: true },
      metricsBindAddress: { host: "127.0.0.1", port: 8080 },
      serviceAccountTokenAudience: "api://Other",
      ttlRotationFraction: 0.25,
      labelSelector: "environment!=prod,tier in (backend,frontend)",
      allowedServerSuffixes: ["azurecr.io"],
      log: { format: "text", level: "debug", stacktraceLevel: "error", timeEncoding: "rfc3339" },
    },
  },
  {
    name: "the arguments of the seed's Deployment",
    args: ["--metrics-addr=127.0.0.1:8080", "--enable-leader-election"],
    expect: {
      metricsBindAddress: { host: "127.0.0.1", port: 8080 },
      leaderElection: { enabled: true },
    },
  },
  {
    name: "a laptop's arguments",
    args: ["-kubeconfig", "/k", "-context", "aks", "-leader-elect", "-leader-elect-namespace", "n"],
    env: { KUBECONFIG: "/other" },
    expect: {
      kubeconfig: { path: "/k", from: "--kubeconfig" },
      context: "aks",
      leaderElection: { enabled: true, namespace: "n" },
    },
  },
  {
    name: "KUBECONFIG stands in for --kubeconfig",
    args: ["--kubeconfig="],
    env: { KUBECONFIG: "/a:/b" },
    expect: { kubeconfig: { path: "/a:/b", from: "KUBECONFIG" } },
  },
  {
    name: "a context in a cluster with a kubeconfig",
    args: ["--kubeconfig=/k", "--context=c"],
    env: { KUBERNETES_SERVICE_HOST: "10.0.0.1" },
    expect: { kubeconfig: { path: "/k", from: "--kubeconfig" }, context: "c" },
  },
  {
    name: "both spellings of the Lease's namespace elsewhere",
    args: [
      "--leader-elect",
      "--leader-election-namespace=a",
      "--leader-elect-resource-namespace=b",
    ],
    expect: { leaderElection: { enabled: true, namespace: "b" } },
  },
  {
    name: "0 serves nothing",
    args: ["--metrics-bind-address=0", "--health-probe-bind-address", "0"],
    expect: { metricsBindAddress: null, healthProbeBindAddress: null },
  },
  {
    name: "empty values of a chart count as absent",
    args: [
      "--metrics-bind-address=",
      "--label-selector=",
      "--allowed-acr-server-suffixes=",
      "--leader-election-namespace=",
      "--context=",
      "--allowed-entra-authority-hosts=",
    ],
    expect: {},
  },
  {
    name: "an address may be IPv6 or a name",
    args: ["--metrics-bind-address=[::1]:0", "--health-probe-bind-address=localhost:65535"],
    expect: {
      metricsBindAddress: { host: "::1", port: 0 },
      healthProbeBindAddress: { host: "localhost", port: 65535 },
    },
  },
  {
    name: "suffixes are normalised and counted once",
    args: [
      "--allowed-acr-server-suffixes=.AzureCR.io., example.com",
      "--allowed-acr-server-suffixes=azurecr.io",
    ],
    expect: { allowedServerSuffixes: ["azurecr.io", "example.com"] },
  },
  {
    name: "a star allows every registry",
    args: ["--allowed-acr-server-suffixes=*"],
    env: { ACR_SERVER: "registry.example" },
    expect: { allowedServerSuffixes: "*", defaults: { acrServer: "registry.example" } },
  },
  {
    name: "the ARM audience alone",
    args: ["--acr-audience=arm"],
    expect: { audiencePolicy: { kind: "arm" } },
  },
  {
    name: "the ACR audience alone",
    args: ["--acr-audience=acr"],
    expect: { audiencePolicy: { kind: "acr" } },
  },
  {
    name: "an audience of one's own",
    args: ["--acr-audience=https://acr.cloud.example"],
    expect: { audiencePolicy: { kind: "fixed", audience: "https://acr.cloud.example" } },
  },
  {
    name: "Secrets read by their names",
    args: ["--secret-access=get"],
    expect: { secretAccess: "get" },
  },
  {
    name: "what an air-gapped cloud may name",
    args: [
      "--allowed-entra-authority-hosts=https://Login.Cloud.Example/,login.other.example:8443",
      "--allowed-entra-authority-hosts=login.cloud.example.",
      "--allowed-resource-manager-audiences=https://management.cloud.example/",
    ],
    expect: {
      airgapped: {
        entraAuthorityHosts: ["login.cloud.example", "login.other.example:8443"],
        resourceManagerAudiences: ["https://management.cloud.example/"],
      },
    },
  },
  {
    name: "every default of the environment",
    env: {
      ACR_SERVER: "example.azurecr.io",
      MANAGED_IDENTITY_CLIENT_ID: CLIENT_ID,
      MANAGED_IDENTITY_RESOURCE_ID: `/${RESOURCE_ID}/`,
      ARM_RESOURCE: "https://management.core.windows.net/",
      AZURE_POD_IDENTITY_AUTHORITY_HOST: "http://127.0.0.1:4040/",
    },
    expect: {
      defaults: {
        acrServer: "example.azurecr.io",
        managedIdentityClientID: CLIENT_ID,
        managedIdentityResourceID: `/${RESOURCE_ID}/`,
        armResource: "https://management.core.windows.net/",
      },
      imdsAuthorityHost: "http://127.0.0.1:4040",
    },
  },
  {
    name: "empty variables count as absent",
    env: Object.fromEntries(Object.keys(VARIABLES).map((name) => [name, ""])),
    expect: {},
  },
  {
    name: "development logging changes the defaults",
    args: ["--zap-devel"],
    expect: log({ format: "text", level: "debug", stacktraceLevel: "warn" }),
  },
  {
    name: "development logging yields to what is given",
    args: ["--zap-devel", "--log-format=json", "--log-level=warn", "--zap-stacktrace-level=panic"],
    expect: log({ level: "warn" }),
  },
  {
    name: "both families of logging flags, agreeing",
    args: ["--log-format=TEXT", "--zap-encoder=Console", "--log-level=debug", "--zap-log-level=3"],
    expect: log({ format: "text", level: "debug" }),
  },
  {
    name: "zap's panic level and nano encoding",
    args: ["--zap-log-level=panic", "--zap-time-encoding=nano"],
    expect: log({ level: "panic", timeEncoding: "nanos" }),
  },
];

for (const { name, args = [], env, expect } of ACCEPTED) {
  Deno.test(`options: ${name}`, () => {
    assert.deepEqual(plain(args, env), { ...DEFAULTS, ...expect });
  });
}

interface Refused {
  name: string;
  args?: string[];
  env?: Record<string, string>;
  errors: string[];
}

const REFUSED: Refused[] = [
  {
    name: "an address without a port",
    args: ["--metrics-addr=8080"],
    errors: [
      '--metrics-addr="8080" is no address: write HOST:PORT, :PORT for every interface, or 0 to ' +
      "serve none.",
    ],
  },
  {
    name: "an address whose port is too great",
    args: ["--health-probe-bind-address", ":65536"],
    errors: [
      '--health-probe-bind-address=":65536" is no address: write HOST:PORT, :PORT for every ' +
      "interface, or 0 to serve none.",
    ],
  },
  {
    name: "the API server by URL",
    args: ["--master=https://10.0.0.1"],
    errors: [
      "--master is not honoured: name the API server in a kubeconfig and give --kubeconfig=FILE.",
    ],
  },
  ...["0", "1", "-0.5", "1.5", "1e400"].map((value) => ({
    name: `the fraction ${value}`,
    args: [`--ttl-rotation-fraction=${value}`],
    errors: [
      `--ttl-rotation-fraction=${
        Number(value)
      } is out of range: write a number above 0 and below ` +
      "1.",
    ],
  })),
  {
    name: "a fraction that is no number",
    args: ["--ttl-rotation-fraction=NaN"],
    errors: ['--ttl-rotation-fraction="NaN" is no number: write one such as 0.5.'],
  },
  {
    name: "a broken label selector",
    args: ["--label-selector=tier in frontend"],
    errors: [
      '--label-selector="tier in frontend" is no label selector: found "frontend" where ( after ' +
      "in belongs.",
    ],
  },
  {
    name: "an empty token audience",
    args: ["--service-account-token-audience="],
    errors: [
      '--service-account-token-audience="" is no audience: write the one that the federated ' +
      "credentials list, without spaces.",
    ],
  },
  {
    name: "the API server's own audience for tokens that are shown to Entra",
    args: ["--service-account-token-audience=https://kubernetes.default.svc.cluster.local"],
    errors: [
      '--service-account-token-audience="https://kubernetes.default.svc.cluster.local" is the ' +
      "API server's own audience: with a token for it, whoever reads it is that service account " +
      "in the cluster; write the audience that the federated credentials list.",
    ],
  },
  {
    name: "an ACR audience of no known kind",
    args: ["--acr-audience=ACR"],
    errors: [
      '--acr-audience="ACR" is no audience: write auto, arm, acr, or a URL such as ' +
      "https://containerregistry.azure.net.",
    ],
  },
  {
    name: "another way to read Secrets",
    args: ["--secret-access=list"],
    errors: ['--secret-access="list" is unknown: write watch or get.'],
  },
  {
    name: "a star beside other suffixes",
    args: ["--allowed-acr-server-suffixes=azurecr.io,*"],
    errors: [
      '--allowed-acr-server-suffixes="azurecr.io,*" names * beside others: write * alone to allow ' +
      "every host, or leave it out.",
    ],
  },
  {
    name: "suffixes that are no domains, each",
    args: ["--allowed-acr-server-suffixes=*.azurecr.io,https://azurecr.io,azurecr.us"],
    errors: ["*.azurecr.io", "https://azurecr.io"].map((suffix) =>
      `--allowed-acr-server-suffixes="${suffix}" is no domain: write one such as azurecr.io, ` +
      "which allows every host under it."
    ),
  },
  {
    name: "Entra hosts with a path, another scheme, or user information",
    args: [
      "--allowed-entra-authority-hosts=login.example/tenant,http://login.example,me@login.example",
    ],
    errors: ["login.example/tenant", "http://login.example", "me@login.example"].map((host) =>
      `--allowed-entra-authority-hosts="${host}" is no Entra host: write its name alone, such as ` +
      "login.microsoftonline.com."
    ),
  },
  {
    name: "a Resource Manager audience that is no URL",
    args: ["--allowed-resource-manager-audiences=management.example"],
    errors: [
      '--allowed-resource-manager-audiences="management.example" is no audience: write a URL such ' +
      "as https://management.azure.com/.",
    ],
  },
  {
    name: "a Lease's namespace without leader election",
    args: ["--leader-elect-namespace=kube-system"],
    errors: [
      '--leader-elect-namespace="kube-system" has no effect without leader election: add ' +
      "--leader-elect, or remove it.",
    ],
  },
  {
    name: "a Lease's namespace that is none",
    args: ["--leader-elect", "--leader-election-namespace=Kube_System"],
    errors: [
      '--leader-election-namespace="Kube_System" is no namespace: write up to 63 lower-case ' +
      "letters, digits and dashes.",
    ],
  },
  {
    name: "a context in a cluster without a kubeconfig",
    args: ["--context=aks"],
    env: { KUBERNETES_SERVICE_HOST: "10.0.0.1" },
    errors: [
      '--context="aks" has no effect inside a cluster without a kubeconfig: add --kubeconfig, or ' +
      "remove it.",
    ],
  },
  {
    name: "unknown choices of every logging flag",
    args: [
      "--log-format=logfmt",
      "--zap-encoder=text",
      "--log-level=fatal",
      "--zap-log-level=0",
      "--zap-stacktrace-level=debug",
      "--zap-time-encoding=unix",
    ],
    errors: [
      '--log-format="logfmt" is not known: write json or text.',
      '--zap-encoder="text" is not known: write json or console.',
      '--log-level="fatal" is not known: write debug, info, warn or error.',
      '--zap-log-level="0" is not known: write debug, info, error or panic, or an integer above 0.',
      '--zap-stacktrace-level="debug" is not known: write info, error or panic.',
      '--zap-time-encoding="unix" is not known: write epoch, millis, nanos, nano, iso8601, ' +
      "rfc3339 or rfc3339nano.",
    ],
  },
  {
    name: "logging flags that contradict each other",
    args: ["--log-format=json", "--zap-encoder=console", "--log-level=error", "--zap-log-level=5"],
    errors: [
      "--log-format=json contradicts --zap-encoder=console: give one of the two.",
      "--log-level=error contradicts --zap-log-level=5: give one of the two.",
    ],
  },
  {
    name: "a boolean's value after a space",
    args: ["--leader-elect", "False"],
    errors: [
      '"False" is no flag: write a boolean flag\'s value after =, such as --leader-elect=false.',
    ],
  },
  {
    name: "arguments that are no flags",
    args: ["version", "--", "--leader-elect"],
    errors: ["version", "--leader-elect"].map((word) =>
      `"${word}" is no flag: flags begin with two dashes, and no other argument is taken.`
    ),
  },
  {
    name: "malformed defaults in the environment, each",
    env: {
      ACR_SERVER: "https://example.azurecr.io",
      MANAGED_IDENTITY_CLIENT_ID: "puller",
      MANAGED_IDENTITY_RESOURCE_ID: "/subscriptions/1",
      ARM_RESOURCE: "management.azure.com",
      AZURE_POD_IDENTITY_AUTHORITY_HOST: "http://me:secret@host",
    },
    errors: [
      'ACR_SERVER "https://example.azurecr.io" carries a scheme; give the host name alone, e.g. ' +
      "example.azurecr.io.",
      `MANAGED_IDENTITY_CLIENT_ID "puller" is no GUID; give the identity's client ID, e.g. ` +
      "1b461305-28be-5271-beda-bd9fd2e24251.",
      'MANAGED_IDENTITY_RESOURCE_ID "/subscriptions/1" is no resource ID of a managed identity; ' +
      "give /subscriptions/GUID/resourceGroups/NAME/providers/Microsoft.ManagedIdentity/" +
      "userAssignedIdentities/NAME.",
      'ARM_RESOURCE "management.azure.com" is no audience; give a URL such as ' +
      "https://management.azure.com/.",
      'AZURE_POD_IDENTITY_AUTHORITY_HOST="http://[redacted]@host" is no base URL: write one such ' +
      "as http://169.254.169.254.",
    ],
  },
  {
    name: "a default registry outside the allowed suffixes",
    args: ["--allowed-acr-server-suffixes=azurecr.us"],
    env: { ACR_SERVER: "example.azurecr.io" },
    errors: [
      'ACR_SERVER "example.azurecr.io" is outside the allowed registry suffixes (azurecr.us); ' +
      "correct it, or have the administrator extend --allowed-acr-server-suffixes.",
    ],
  },
  ...["169.254.169.254", "ftp://host", "http://host/?x", "http://ho st"].map((value) => ({
    name: `the IMDS address ${value}`,
    env: { AZURE_POD_IDENTITY_AUTHORITY_HOST: value },
    errors: [
      `AZURE_POD_IDENTITY_AUTHORITY_HOST="${value}" is no base URL: write one such as ` +
      "http://169.254.169.254.",
    ],
  })),
  {
    name: "faults of arguments and environment, all at once",
    args: ["--nope=1", "--zap-devel=2", "--metrics-addr=x"],
    env: { ARM_RESOURCE: "x" },
    errors: [
      "--nope is no flag of this program: --help lists them all.",
      '--zap-devel="2" is no boolean: write true or false.',
      '--metrics-addr="x" is no address: write HOST:PORT, :PORT for every interface, or 0 to ' +
      "serve none.",
      'ARM_RESOURCE "x" is no audience; give a URL such as https://management.azure.com/.',
    ],
  },
];

for (const { name, args = [], env, errors } of REFUSED) {
  Deno.test(`options: ${name}: refused`, () => {
    assert.deepEqual(parse(args, env), { kind: "errors", errors });
  });
}

Deno.test("options: help and version win over faults, help over version", () => {
  const cases: [string[], string][] = [
    [["--help"], "help"],
    [["-h"], "help"],
    [["help"], "help"],
    [["--nope", "-help", "--version"], "help"],
    [["--version", "--nope"], "version"],
    [["version"], "version"],
    [["--version=false", "--help=false"], "options"],
  ];
  assert.deepEqual(cases.map(([args]) => parse(args).kind), cases.map(([, kind]) => kind));
});

/** Flags without which others have no effect. */
const BESIDE: Record<string, string[]> = {
  "leader-election-namespace": ["--leader-elect"],
  "metrics-cert-path": ["--metrics-secure"],
  "metrics-cert-name": ["--metrics-secure", "--metrics-cert-path=/c"],
  "metrics-cert-key": ["--metrics-secure", "--metrics-cert-path=/c"],
};

Deno.test("options: every flag in the table changes the options, is refused, or prints", () => {
  const values: Partial<Record<keyof typeof FLAGS, string>> = {
    "metrics-bind-address": ":1",
    "health-probe-bind-address": ":1",
    "label-selector": "a=b",
    "ttl-rotation-fraction": "0.1",
    "acr-audience": "arm",
    "secret-access": "get",
    "allowed-resource-manager-audiences": "https://a.example",
    "log-format": "text",
    "log-level": "warn",
    "zap-encoder": "console",
    "zap-log-level": "debug",
    "zap-stacktrace-level": "info",
    "zap-time-encoding": "epoch",
  };
  const shown = (args: string[]) => JSON.stringify(plain(args));
  for (const [name, flag] of Object.entries(FLAGS)) {
    const value = values[name as keyof typeof FLAGS] ?? "value";
    const beside = BESIDE[name] ?? [];
    for (const spelling of [name, ...("aliases" in flag ? flag.aliases : [])]) {
      const args = [...beside, `--${spelling}`, ...(flag.kind === "boolean" ? [] : [value])];
      if ("refused" in flag) {
        const errors = [`--${spelling} ${flag.refused}`];
        assert.deepEqual(parse(args), { kind: "errors", errors });
      } else if (name === "help" || name === "version") {
        assert.deepEqual(parse(args), { kind: name });
      } else {
        assert.notEqual(shown(args), shown(beside), `--${spelling} changes nothing`);
      }
    }
  }
});

Deno.test("options: are frozen to the bottom", () => {
  const parsed = parse(["--kubeconfig=/k", "--label-selector=a in (b)"]);
  const thawed: string[] = [];
  const visit = (value: unknown, path: string) => {
    if (typeof value !== "object" || value === null) return;
    if (!Object.isFrozen(value)) thawed.push(path);
    for (const [key, inner] of Object.entries(value)) visit(inner, `${path}.${key}`);
  };
  visit((parsed as { options: Options }).options, "options");
  assert.deepEqual(thawed, []);
});

Deno.test("options: parsing one command line leaves the next untouched", () => {
  plain(["--allowed-acr-server-suffixes=*", "--zap-devel"]);
  assert.deepEqual(plain([]), DEFAULTS);
});
