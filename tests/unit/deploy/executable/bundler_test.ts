import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { bundlerArguments } from "../../../../deploy/executable/compile.ts";
import config from "../../../../deploy/executable/bundler/deno.json" with { type: "json" };

const ROOT = fileURLToPath(new URL("../../../../", import.meta.url));
const VERSION = config.imports.esbuild.replace("npm:esbuild@", "");

/** Runs Deno and answers what it printed. Without `directory` its cache is the one of this process. */
async function deno(args: readonly string[], directory?: string): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [...args],
    cwd: ROOT,
    env: directory === undefined ? {} : { DENO_DIR: directory },
  }).output();
  const decoder = new TextDecoder();
  assert.ok(success, decoder.decode(stderr));
  return decoder.decode(stdout);
}

Deno.test("bundler: the version that is locked is the one that this Deno runs", async () => {
  const directory = await Deno.makeTempDir({ prefix: "msi-acrpull-bundler-" });
  try {
    const { denoDir } = JSON.parse(await deno(["info", "--json"])) as { denoDir: string };
    await Deno.symlink(`${denoDir}/npm`, `${directory}/npm`);
    await Deno.writeTextFile(`${directory}/entry.js`, "export {};");
    await deno(bundlerArguments(), directory);
    const paths = ["--output", `${directory}/bundle.js`, `${directory}/entry.js`];
    await deno(["bundle", "--quiet", "--no-config", ...paths], directory);
    const bundlers = await Array.fromAsync(Deno.readDir(`${directory}/dl`), ({ name }) => name);
    assert.equal(bundlers.length, 1);
    assert.equal(bundlers[0]!.split("-")[1], VERSION);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});

Deno.test("bundler: the lock file has its hash for every machine that builds images", async () => {
  const text = await Deno.readTextFile(`${ROOT}/deploy/executable/bundler/deno.lock`);
  const { npm: packages } = JSON.parse(text) as { npm: Record<string, { integrity: string }> };
  for (const name of ["esbuild", "@esbuild/linux-x64", "@esbuild/linux-arm64"]) {
    assert.match(packages[`${name}@${VERSION}`]!.integrity, /^sha512-[A-Za-z0-9+/]{86}==$/);
  }
});
