import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { FLAGS } from "../../../../src/cli/flags/flag_table.ts";
import { permissionFlags, PERMISSIONS } from "../../../../deploy/executable/permissions.ts";
import { importsOf } from "../../imports.ts";
import { bundleInto, executableArguments } from "../../../suites/executable.ts";
import { guide } from "../../../suites/guides.ts";
import { inNamespaces, lackOfNamespaces } from "../../../suites/namespaces.ts";
import { needing } from "../../../suites/needing.ts";

const ROOT = fileURLToPath(new URL("../../../../", import.meta.url));
const HERE = "tests/unit/deploy/executable";

/** Runs Deno with the executable's permissions and no others. */
async function deno(args: string[], env: Record<string, string> = {}) {
  const command = new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "--cached-only", ...permissionFlags(), ...args],
    cwd: ROOT,
    env,
    stdin: "null",
  });
  const { code, stdout, stderr } = await command.output();
  return { code, stdout: decode(stdout), stderr: decode(stderr) };
}

function decode(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}

/**
 * Run in namespaces of their own: only $1 can be written, and the process may read which interfaces
 * there are, so that it can see for itself that it cannot reach anybody.
 */
const CONFINE = `
set -eu
ip link set lo up
secrets=/var/run/secrets/kubernetes.io/serviceaccount
mount -t tmpfs tmpfs "$(readlink -f /var/run)"
mkdir -p "$secrets"
ln -s /etc "$secrets/link"
sed -n 's/^ *\\([^ ]*\\):.*/\\1/p' /proc/net/dev > "$secrets/interfaces"
mount -t tmpfs -o ro tmpfs "$HOME"
exec "$@"
`;

/** Runs a bundle that holds the intruder, with the executable's permissions, a read-only home and no network. */
async function intrude(directory: string) {
  const bundle = await bundleInto(directory, { intruder: new URL("intruder.ts", import.meta.url) });
  const home = `${directory}/home`;
  await Deno.mkdir(home);
  const program = executableArguments(bundle);
  const confined = ["/bin/sh", "-c", CONFINE, "confine", Deno.execPath(), ...program, "version"];
  const [command, ...args] = inNamespaces(confined);
  const { code, stdout, stderr } = await new Deno.Command(command!, {
    args,
    clearEnv: true,
    env: { ...ENVIRONMENT, HOME: home },
    stdin: "null",
  }).output();
  return { code, lines: decode(stdout).trimEnd().split("\n"), stderr: decode(stderr) };
}

const ENVIRONMENT = {
  PATH: Deno.env.get("PATH")!,
  NO_COLOR: "1",
  DENO_NO_UPDATE_CHECK: "1",
  AZURE_CLIENT_SECRET: "not to be known",
};

/** What Deno lets code inside the process do, as deploy/sandbox.md says. */
const DONE = [
  "listen on a port of the program",
  "listen for datagrams on a port of the program",
  "import code from a data: URL",
  "import code from a blob: URL",
  "run code in a Worker",
  "read past a link among the ServiceAccount's files",
  "keep something in sessionStorage",
  "set whom no proxy serves",
  "resolve a name by a server at an address of the list",
  "make a temporary file by SQLite",
];

/** What a file system that cannot be written refuses, and Deno does not, as deploy/sandbox.md says. */
const FAILED = [
  "keep something in localStorage",
  "keep something in a cache",
  "make a temporary file by SQLite where nothing can be written",
];

Deno.test({
  ...needing(
    "permissions: whatever else code inside the process tries is refused by Deno",
    lackOfNamespaces({ commands: ["ip"] }),
  ),
  fn: async () => {
    const directory = await Deno.makeTempDir({ prefix: "msi-acrpull-intruder-" });
    try {
      const { code, lines, stderr } = await intrude(directory);
      assert.equal(code, 0, stderr);
      assert.match(lines.pop()!, /^msi-acrpull \d/, "the program itself runs after the intruder");
      const attempts = lines.map((line) =>
        JSON.parse(line) as { attempt: string; outcome: string; how: string }
      );
      assert.ok(attempts.length > 100, `${attempts.length} attempts`);
      const others = attempts.filter(({ outcome }) => outcome !== "refused");
      assert.deepEqual(
        others.map(({ attempt, outcome }) => `${outcome}: ${attempt}`).sort(),
        [...DONE.map((each) => `done: ${each}`), ...FAILED.map((each) => `failed: ${each}`)].sort(),
        JSON.stringify(others, null, 1),
      );
      for (const { how } of others.filter(({ outcome }) => outcome === "failed")) {
        assert.match(
          how,
          /Read-only file system|Failed to create cache storage directory|not a writable/,
        );
      }
    } finally {
      await Deno.remove(directory, { recursive: true });
    }
  },
});

Deno.test("permissions: what may set a proxy is given up before any other module runs", async () => {
  const read = (path: string) => Deno.readTextFile(`${ROOT}src/${path}`);
  assert.equal(importsOf(await read("main.ts"))[0], "./cli/permissions/proxy.ts");
  assert.deepEqual(importsOf(await read("cli/permissions/proxy.ts")), ["./proxy_variables.ts"]);
  assert.deepEqual(importsOf(await read("cli/permissions/proxy_variables.ts")), []);
});

Deno.test("permissions: the intruder starts only where it can do no harm", async () => {
  const preload = ["--preload", `./${HERE}/intruder.ts`, "src/main.ts", "version"];
  const { code, stdout, stderr } = await deno(preload);
  assert.deepEqual([code, stdout], [1, ""]);
  assert.match(stderr, /the intruder runs only where lo is the only interface/);
});

Deno.test("permissions: suffixes that a flag leaves out are given up, for good", async () => {
  const registries = async (...args: string[]) => {
    const ran = await deno([`${HERE}/narrowed.ts`, ...args]);
    assert.equal(ran.code, 0, ran.stderr);
    return JSON.parse(ran.stdout);
  };
  const all = {
    "team.azurecr.io:443": "granted",
    "team.azurecr.us:443": "granted",
    "team.azurecr.cn:443": "granted",
    "login.microsoftonline.com:443": "granted",
    "kubernetes.default.svc:443": "granted",
  };
  assert.deepEqual(await registries(), all);
  assert.deepEqual(await registries("--allowed-acr-server-suffixes=*"), all);
  assert.deepEqual(await registries("--allowed-acr-server-suffixes=azurecr.us"), {
    ...all,
    "team.azurecr.io:443": "denied",
    "team.azurecr.cn:443": "denied",
  });
  assert.deepEqual(await registries("--allowed-acr-server-suffixes=team.azurecr.io"), {
    ...all,
    "team.azurecr.us:443": "denied",
    "team.azurecr.cn:443": "denied",
  });
});

Deno.test("permissions: a host that options name and the list lacks is refused at start", async () => {
  const ran = await deno([
    "src/main.ts",
    "--allowed-acr-server-suffixes=azurecr.io,registry.example",
    "--allowed-entra-authority-hosts=login.example",
  ], { AZURE_POD_IDENTITY_AUTHORITY_HOST: "http://192.0.2.1:8080" });
  const fault = (option: string, host: string) =>
    `${option} cannot be honoured: this executable may not connect to ${host}; make an executable ` +
    "that may, with `deno task compile --allow-host`, or an image with the build argument ALLOW_HOSTS.";
  assert.deepEqual(ran, {
    code: 2,
    stdout: "",
    stderr: [
      fault("--allowed-acr-server-suffixes=registry.example", "*.registry.example:443"),
      fault("--allowed-entra-authority-hosts=login.example", "login.example:443"),
      fault("AZURE_POD_IDENTITY_AUTHORITY_HOST=http://192.0.2.1:8080", "192.0.2.1:8080"),
      "See --help for all flags.",
      "",
    ].join("\n"),
  });
});

Deno.test("permissions: a port that the list lacks is refused at start, with those it has", async () => {
  const ran = await deno(["src/main.ts", "--health-probe-bind-address=:9090"]);
  assert.deepEqual(ran, {
    code: 2,
    stdout: "",
    stderr: [
      "--health-probe-bind-address=:9090 cannot be honoured: this executable may not listen there; " +
      "write :8081, or allow it with `deno task compile --allow-host` or the image's build argument " +
      "ALLOW_HOSTS.",
      "See --help for all flags.",
      "",
    ].join("\n"),
  });
});

Deno.test("permissions: additions join what is there, and nothing is allowed as a whole", () => {
  const flags = permissionFlags({ hosts: ["login.example:443"], paths: ["/etc/ca"] });
  const lists = new Map(
    flags.filter((flag) => flag.includes("="))
      .map((flag) => [flag.split("=")[0], flag.split("=")[1]!.split(",")]),
  );
  assert.equal(lists.get("--allow-net")!.at(-1), "login.example:443");
  assert.ok(lists.get("--allow-net")!.includes("*.azurecr.io:443"));
  assert.equal(lists.get("--allow-read")!.at(-1), "/etc/ca");
  assert.deepEqual([...lists.keys(), "--no-prompt"], flags.map((flag) => flag.split("=")[0]));
  assert.equal(lists.size, new Set(PERMISSIONS.map(({ flag }) => flag)).size);
  for (const values of lists.values()) assert.ok(values.every((value) => value !== ""));
});

Deno.test("permissions: the help of --metrics-cert-path names the directory that may be read", () => {
  const [directory] = PERMISSIONS.find(({ why }) => why.includes("--metrics-secure"))!.values;
  assert.ok(FLAGS["metrics-cert-path"].help.includes(directory!));
});

Deno.test("permissions: the guide's table, a line on each, makes the very flags", () => {
  const table = guide("deploy/sandbox.md").split("-ignore-end")[0]!;
  const rows = [...table.matchAll(/^\| `(--allow-\w+)` \| (.+?) \| (.+) \|$/gm)];
  const values = new Map<string, string[]>();
  for (const [, flag, listed, why] of rows) {
    const codes = [...listed!.matchAll(/`([^`]+)`/g)].map(([, value]) => value!);
    values.set(flag!, [...values.get(flag!) ?? [], ...codes]);
    assert.match(why!, /^[A-Z].+\.$/);
  }
  assert.equal(rows.length, PERMISSIONS.length);
  const flags = [...values].map(([flag, list]) => `${flag}=${list.join(",")}`);
  assert.deepEqual([...flags, "--no-prompt"], permissionFlags());
});
