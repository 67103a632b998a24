import assert from "node:assert/strict";
import { ConfigError } from "../../../../src/kubernetes/config/errors.ts";
import { loadKubeconfig } from "../../../../src/kubernetes/config/kubeconfig.ts";
import {
  type CommandOutput,
  type RunCommand,
  systemSources,
} from "../../../../src/kubernetes/config/sources.ts";
import {
  CERTIFICATE,
  fakeClock,
  fakeSources,
  jwt,
  PRIVATE_KEY,
  rejection,
  settle,
  START,
} from "../http/transport_support.ts";

const FILE = "/home/ada/.kube/config";
const V1 = "client.authentication.k8s.io/v1";
const V1BETA1 = "client.authentication.k8s.io/v1beta1";
const COMMAND = `kubeconfig ${FILE}: users[name=aks].user.exec.command "kubelogin"`;

function kubeconfig(exec: Record<string, unknown>, cluster: Record<string, unknown> = {}): string {
  return JSON.stringify({
    "current-context": "c",
    contexts: [{ name: "c", context: { cluster: "k", user: "aks" } }],
    clusters: [{ name: "k", cluster: { server: "https://k8s", ...cluster } }],
    users: [{
      name: "aks",
      user: {
        exec: { apiVersion: V1, command: "kubelogin", interactiveMode: "IfAvailable", ...exec },
      },
    }],
  });
}

function credential(status: Record<string, unknown>, apiVersion = V1): CommandOutput {
  const stdout = JSON.stringify({ kind: "ExecCredential", apiVersion, status });
  return { code: 0, stdout, stderr: "" };
}

interface Run {
  command: string;
  args: readonly string[];
  env: Record<string, string>;
  signal: AbortSignal;
}

/** The credentials of a kubeconfig whose plugin behaves as `outputs` say, one a run. */
async function rig(
  outputs: (CommandOutput | Error | "silent")[],
  exec: Record<string, unknown> = {},
  cluster: Record<string, unknown> = {},
) {
  const clock = fakeClock();
  const runs: Run[] = [];
  const run: RunCommand = (command, args, { env, signal }) => {
    runs.push({ command, args, env, signal });
    const output = outputs.shift();
    assert.ok(output, "one run too many");
    if (output === "silent") return new Promise(() => {});
    return output instanceof Error ? Promise.reject(output) : Promise.resolve(output);
  };
  const sources = fakeSources({ files: { [FILE]: kubeconfig(exec, cluster) }, run, clock });
  const loaded = await loadKubeconfig({ paths: [FILE], mayBeMissing: false }, undefined, sources);
  return { clock, runs, credentials: loaded.credentials };
}

Deno.test("a plugin runs when a request needs it, with its arguments and environment", async () => {
  const { runs, credentials } = await rig([credential({ token: "t0" })], {
    args: ["get-token", "--login", "azurecli"],
    env: [{ name: "AAD_LOGIN", value: "x" }, { name: "EMPTY", value: "" }],
  });
  assert.equal(runs.length, 0, "loading runs nothing");
  assert.equal((await credentials.get()).authorization?.reveal(), "Bearer t0");
  const { command, args, env } = runs[0]!;
  assert.deepEqual({ command, args, env }, {
    command: "kubelogin",
    args: ["get-token", "--login", "azurecli"],
    env: {
      AAD_LOGIN: "x",
      EMPTY: "",
      KUBERNETES_EXEC_INFO: JSON.stringify({
        kind: "ExecCredential",
        apiVersion: V1,
        spec: { interactive: false },
      }),
    },
  });
});

Deno.test("a plugin that asks for it is told of the cluster", async () => {
  const { runs, credentials } = await rig(
    [credential({ token: "t" }, V1BETA1)],
    { apiVersion: V1BETA1, interactiveMode: undefined, provideClusterInfo: true },
    {
      server: "https://k8s:6443/",
      "certificate-authority-data": new TextEncoder().encode(CERTIFICATE).toBase64(),
      "proxy-url": "http://proxy",
      extensions: [
        { name: "other", extension: { a: 1 } },
        { name: "client.authentication.k8s.io/exec", extension: { audience: "x" } },
      ],
    },
  );
  await credentials.get();
  assert.deepEqual(JSON.parse(runs[0]!.env.KUBERNETES_EXEC_INFO!), {
    kind: "ExecCredential",
    apiVersion: V1BETA1,
    spec: {
      interactive: false,
      cluster: {
        server: "https://k8s:6443",
        "certificate-authority-data": new TextEncoder().encode(CERTIFICATE).toBase64(),
        "proxy-url": "http://proxy",
        config: { audience: "x" },
      },
    },
  });
});

Deno.test("a command with a slash starts at the kubeconfig's directory", async () => {
  const { runs, credentials } = await rig([credential({ token: "t" })], { command: "./bin/login" });
  await credentials.get();
  assert.equal(runs[0]!.command, "/home/ada/.kube/bin/login");
});

Deno.test("a client certificate comes from a plugin", async () => {
  const { credentials } = await rig([
    credential({ clientCertificateData: CERTIFICATE, clientKeyData: PRIVATE_KEY }),
  ]);
  const { authorization, clientCertificate } = await credentials.get();
  assert.equal(authorization, undefined);
  assert.equal(clientCertificate?.certificate, CERTIFICATE);
  assert.equal(clientCertificate?.key.reveal(), PRIVATE_KEY);
});

const FRESHNESS: [name: string, lifeMs: number | undefined, freshMs: number][] = [
  ["an hour is kept until a minute before its end", 3_600_000, 3_540_000],
  ["80 s are kept for half of it", 80_000, 40_000],
  ["no end is kept until the server refuses it", undefined, 30 * 86_400_000],
];

for (const [name, lifeMs, freshMs] of FRESHNESS) {
  Deno.test(`a credential of ${name}`, async () => {
    const status = lifeMs === undefined
      ? { token: "one" }
      : { token: "one", expirationTimestamp: new Date(START + lifeMs).toISOString() };
    const { clock, runs, credentials } = await rig([
      credential(status),
      credential({ token: "two" }),
    ]);
    const first = await credentials.get();
    await clock.tick(freshMs - 1);
    assert.equal(await credentials.get(), first);
    assert.equal(runs.length, 1);
    if (lifeMs === undefined) credentials.invalidate(first);
    else await clock.tick(1);
    assert.equal((await credentials.get()).authorization?.reveal(), "Bearer two");
  });
}

Deno.test("requests that begin together run a plugin once", async () => {
  const { runs, credentials } = await rig([credential({ token: "t" })]);
  const [one, two] = await Promise.all([credentials.get(), credentials.get()]);
  assert.equal(one, two);
  assert.equal(runs.length, 1);
});

const secret = jwt(START);
const OUTPUT_FAULTS: { name: string; output: CommandOutput | Error; expected: string }[] = [
  {
    name: "is missing, with its installHint in one line",
    output: new Deno.errors.NotFound("Failed to spawn"),
    expected: `${COMMAND} was not found on PATH: install it by az aks install-cli`,
  },
  {
    name: "is not allowed by the sandbox",
    output: new Deno.errors.NotCapable("Requires run access"),
    expected: `${COMMAND} may not be run by this process: add it to --allow-run`,
  },
  {
    name: "is not executable",
    output: new Deno.errors.PermissionDenied("Permission denied (os error 13)"),
    expected: `${COMMAND} could not be started: Permission denied (os error 13): ` +
      "install it by az aks install-cli",
  },
  {
    name: "fails, with what it said last and nothing of what it printed",
    output: {
      code: 3,
      stdout: secret,
      stderr: `${"x".repeat(600)}\n\u001b[31mError:\u001b[0m log in\r\nwith ${secret}\n`,
    },
    expected: `${COMMAND} failed with exit code 3: ...${"x".repeat(470)} ` +
      "Error: log in with [redacted]",
  },
  {
    name: "fails without a word",
    output: { code: 1, stdout: "", stderr: "" },
    expected: `${COMMAND} failed with exit code 1`,
  },
  {
    name: "prints nothing",
    output: { code: 0, stdout: "\n", stderr: "" },
    expected: `${COMMAND} printed nothing`,
  },
  {
    name: "prints text",
    output: { code: 0, stdout: secret, stderr: "" },
    expected: `${COMMAND} printed what is not a JSON object`,
  },
  {
    name: "prints another version",
    output: credential({ token: "t" }, V1BETA1),
    expected: `${COMMAND} printed "ExecCredential" of "${V1BETA1}", and not an ExecCredential ` +
      `of ${V1}`,
  },
  {
    name: "prints no status",
    output: {
      code: 0,
      stdout: JSON.stringify({ kind: "ExecCredential", apiVersion: V1 }),
      stderr: "",
    },
    expected: `${COMMAND} printed an ExecCredential without status`,
  },
  {
    name: "prints an empty status",
    output: credential({ token: "" }),
    expected: `${COMMAND} printed neither status.token nor status.clientCertificateData`,
  },
  {
    name: "prints a token that is a number",
    output: credential({ token: 1 }),
    expected: `${COMMAND} printed a status.token that is no string`,
  },
  {
    name: "prints half a certificate",
    output: credential({ clientCertificateData: CERTIFICATE }),
    expected:
      `${COMMAND} must print status.clientCertificateData and status.clientKeyData together`,
  },
  {
    name: "prints a key that is none",
    output: credential({ clientCertificateData: CERTIFICATE, clientKeyData: "s3cr3t" }),
    expected: `${COMMAND} printed a status.clientKeyData that holds no PEM private key ` +
      "(-----BEGIN PRIVATE KEY)",
  },
  {
    name: "prints a time that is none",
    output: credential({ token: "t", expirationTimestamp: "soon" }),
    expected: `${COMMAND} printed a status.expirationTimestamp that is no RFC 3339 time`,
  },
];

for (const { name, output, expected } of OUTPUT_FAULTS) {
  Deno.test(`a plugin that ${name}`, async () => {
    const { clock, credentials } = await rig([output, credential({ token: "next" })], {
      installHint: "install it by\n  az aks install-cli\n",
    });
    const error = await rejection(credentials.get());
    assert.ok(error instanceof ConfigError, String(error.stack));
    assert.equal(error.message, expected);
    assert.equal((await credentials.get()).authorization?.reveal(), "Bearer next");
    assert.equal(clock.pending(), 0);
  });
}

Deno.test("a plugin that does not end is given up after a minute, and killed", async () => {
  const { clock, runs, credentials } = await rig(["silent"]);
  const failed = rejection(credentials.get());
  await settle();
  await clock.tick(59_999);
  assert.equal(runs[0]!.signal.aborted, false);
  await clock.tick(1);
  assert.equal((await failed).message, `${COMMAND} did not end within 60 s`);
  assert.equal(runs[0]!.signal.aborted, true);
});

Deno.test("closing ends a plugin that is running", async () => {
  const { clock, runs, credentials } = await rig(["silent"]);
  const failed = rejection(credentials.get());
  await settle();
  credentials.close?.();
  assert.equal((await failed).message, "the client is closed");
  assert.equal(runs[0]!.signal.aborted, true);
  assert.equal(clock.pending(), 0);
});

const EXEC = `kubeconfig ${FILE}: users[name=aks].user.exec`;
const ENTRY_FAULTS: [name: string, exec: Record<string, unknown>, expected: string][] = [
  [
    "an old version",
    { apiVersion: "client.authentication.k8s.io/v1alpha1" },
    `${EXEC}.apiVersion is "client.authentication.k8s.io/v1alpha1"; this client speaks ${V1} and ` +
    `${V1BETA1}. For AKS, \`kubelogin convert-kubeconfig\` brings the entry up to date`,
  ],
  ["no version", { apiVersion: "" }, `${EXEC}.apiVersion is missing`],
  ["no command", { command: "" }, `${EXEC}.command is missing`],
  [
    "no interactiveMode, which v1 demands",
    { interactiveMode: undefined },
    `${EXEC}.interactiveMode is missing; it must be Never or IfAvailable`,
  ],
  [
    "a plugin that must have a terminal",
    { interactiveMode: "Always" },
    `${EXEC}.interactiveMode is "Always"; it must be Never or IfAvailable, for plugins get no ` +
    "standard input here",
  ],
  [
    "an argument that is a number",
    { args: ["--port", 8080] },
    `${EXEC}.args[1] must be a string (put it in quotes), and is a number`,
  ],
  [
    "a variable without a name",
    { env: [{ value: "x" }] },
    `${EXEC}.env[0].name is missing`,
  ],
];

for (const [name, exec, expected] of ENTRY_FAULTS) {
  Deno.test(`an exec entry with ${name}`, async () => {
    const error = await rejection(rig([], exec));
    assert.ok(error instanceof ConfigError, String(error.stack));
    assert.equal(error.message, expected);
  });
}

Deno.test("a real command runs: environment, exit code, both outputs, and one that is missing", async () => {
  const script = 'console.log(Deno.env.get("GREETING")); console.error("said"); Deno.exit(3)';
  const { signal } = new AbortController();
  const options = { env: { GREETING: "hello", NO_COLOR: "1" }, signal };
  assert.deepEqual(await systemSources.run(Deno.execPath(), ["eval", script], options), {
    code: 3,
    stdout: "hello\n",
    stderr: "said\n",
  });
  const missing = await rejection(systemSources.run("no-such-command-here", [], options));
  assert.ok(missing instanceof Deno.errors.NotFound);
});
