import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { lackOfCommands } from "../../image/commands.ts";
import { needing } from "../../suites/needing.ts";

const SCRIPT = fileURLToPath(new URL("../../../.ci/install-deno", import.meta.url));
const NAMES = ["deno", "@deno/machine"] as const;
type Name = typeof NAMES[number];

/** What stands in for Deno's packages: one asks the other for the version, and has a script to run. */
const FILES: Record<Name, Record<string, string>> = {
  "deno": {
    "package.json": JSON.stringify({
      name: "deno",
      version: "1.0.0",
      bin: "bin.cjs",
      scripts: { postinstall: "touch ran" },
      optionalDependencies: { "@deno/machine": "1.0.0" },
    }),
    "bin.cjs": '#!/usr/bin/env node\nconsole.log(require("@deno/machine/package.json").version);\n',
  },
  "@deno/machine": {
    "package.json": JSON.stringify({ name: "@deno/machine", version: "1.0.0" }),
  },
};

async function packed(name: Name): Promise<Uint8Array<ArrayBuffer>> {
  const directory = await Deno.makeTempDir({ prefix: "msi-acrpull-packed-" });
  try {
    await Deno.mkdir(`${directory}/package`);
    for (const [file, text] of Object.entries(FILES[name])) {
      await Deno.writeTextFile(`${directory}/package/${file}`, text, { mode: 0o755 });
    }
    const args = ["-czf", "packed.tgz", "package"];
    assert.equal((await new Deno.Command("tar", { args, cwd: directory }).output()).code, 0);
    return await Deno.readFile(`${directory}/packed.tgz`);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

async function integrityOf(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  return `sha512-${new Uint8Array(await crypto.subtle.digest("SHA-512", bytes)).toBase64()}`;
}

/** A registry on loopback that answers with these packages, whatever a lock file says of them. */
function registry(archives: ReadonlyMap<string, Uint8Array<ArrayBuffer>>) {
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, ({ url }) => {
    const { origin, pathname } = new URL(url);
    const name = decodeURIComponent(pathname.slice(1).replace(/\.tgz$/, ""));
    const archive = archives.get(name);
    if (archive === undefined) return new Response(null, { status: 404 });
    if (pathname.endsWith(".tgz")) return new Response(archive);
    const { version, ...rest } = JSON.parse(FILES[name as Name]["package.json"]!);
    const dist = { tarball: `${origin}/${name}.tgz` };
    return Response.json({ name, versions: { [version]: { ...rest, version, dist } } });
  });
  return { url: `http://127.0.0.1:${server.addr.port}/`, end: () => server.shutdown() };
}

function lockOf(integrity: Record<Name, string>): string {
  const dependencies = { deno: "1.0.0" };
  const { optionalDependencies } = JSON.parse(FILES.deno["package.json"]!);
  return JSON.stringify({
    name: "ci",
    lockfileVersion: 3,
    requires: true,
    packages: {
      "": { name: "ci", dependencies },
      "node_modules/deno": {
        version: "1.0.0",
        integrity: integrity.deno,
        hasInstallScript: true,
        bin: { deno: "bin.cjs" },
        optionalDependencies,
      },
      "node_modules/@deno/machine": {
        version: "1.0.0",
        integrity: integrity["@deno/machine"],
        optional: true,
      },
    },
  });
}

interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
  /** Whether a script of a package was run. */
  readonly ran: boolean;
}

/** Runs a copy of the script beside a lock file that is wrong about the packages `other`. */
async function install(...other: Name[]): Promise<Ended> {
  const directory = await Deno.makeTempDir({ prefix: "msi-acrpull-install-" });
  const archives = new Map<string, Uint8Array<ArrayBuffer>>();
  for (const name of NAMES) archives.set(name, await packed(name));
  const hash = (name: Name) =>
    integrityOf(other.includes(name) ? new Uint8Array(1) : archives.get(name)!);
  const served = registry(archives);
  try {
    await Deno.mkdir(`${directory}/deno`);
    await Deno.copyFile(SCRIPT, `${directory}/install-deno`);
    const project = { name: "ci", private: true, dependencies: { deno: "1.0.0" } };
    await Deno.writeTextFile(`${directory}/deno/package.json`, JSON.stringify(project));
    const integrity = { "deno": await hash("deno"), "@deno/machine": await hash("@deno/machine") };
    await Deno.writeTextFile(`${directory}/deno/package-lock.json`, lockOf(integrity));
    const { code, stdout, stderr } = await new Deno.Command("bash", {
      args: [`${directory}/install-deno`, `${directory}/made`],
      clearEnv: true,
      env: {
        PATH: Deno.env.get("PATH")!,
        HOME: directory,
        npm_config_registry: served.url,
        npm_config_update_notifier: "false",
        npm_config_fetch_retries: "0",
      },
      stdin: "null",
    }).output();
    const decoder = new TextDecoder();
    const there = (path: string) => Deno.stat(path).then(() => true, () => false);
    return {
      code,
      stdout: decoder.decode(stdout).replaceAll(directory, ""),
      stderr: decoder.decode(stderr),
      ran: await there(`${directory}/made/node_modules/deno/ran`),
    };
  } finally {
    await served.end();
    await Deno.remove(directory, { recursive: true });
  }
}

function withNpm(name: string, fn: () => Promise<void>): void {
  Deno.test({
    ...needing(`install-deno: ${name}`, lackOfCommands(["bash", "npm", "tar"])),
    fn,
  });
}

withNpm("what the lock file says is installed, and no script of it run", async () => {
  const { code, stdout, stderr, ran } = await install();
  assert.equal(code, 0, stderr);
  assert.equal(stdout, "/made/node_modules/.bin\n");
  assert.match(stderr, /^1\.0\.0$/m, "it has been tried");
  assert.equal(ran, false);
});

withNpm("a package with another hash is refused", async () => {
  const { code, stdout, stderr } = await install("deno");
  assert.deepEqual([code === 0, stdout], [false, ""]);
  assert.match(stderr, /EINTEGRITY/);
});

withNpm(
  "a machine's own package with another hash is refused, though npm takes it lightly",
  async () => {
    const { code, stdout, stderr } = await install("@deno/machine");
    assert.deepEqual([code, stdout], [1, ""]);
    assert.match(stderr, /^Deno could not be installed: no package for this machine has the hash/m);
  },
);
