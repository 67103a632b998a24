import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { FLAGS } from "../../../../src/cli/flag_table.ts";
import {
  permissionFlags,
  permissionMarkdown,
  PERMISSIONS,
} from "../../../../deploy/executable/permissions.ts";

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
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, stdout: text(stdout), stderr: text(stderr) };
}

Deno.test("permissions: whatever else code inside the process tries is refused by Deno", async () => {
  const ran = await deno(["--preload", `./${HERE}/intruder.ts`, "src/main.ts", "version"]);
  assert.equal(ran.code, 0, ran.stderr);
  const lines = ran.stdout.trimEnd().split("\n");
  assert.match(lines.pop()!, /^msi-acrpull \d/, "the program itself runs after the intruder");
  const attempts = lines.map((line) => JSON.parse(line));
  assert.ok(attempts.length > 35, `${attempts.length} attempts`);
  assert.deepEqual(attempts.filter(({ refused }) => !refused), []);
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

Deno.test("permissions: the README holds the list, a line on each", async () => {
  const readme = await Deno.readTextFile(`${ROOT}README.md`);
  assert.ok(readme.includes(permissionMarkdown()), permissionMarkdown());
});
