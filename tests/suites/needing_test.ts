import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { needing } from "./needing.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

Deno.test("a test is ignored where something is lacking, and its name says what", () => {
  assert.deepEqual(needing("a"), { name: "a", ignore: false });
  assert.deepEqual(needing("a", undefined, undefined), { name: "a", ignore: false });
  assert.deepEqual(needing("a", undefined, "needs b: install it", "needs c"), {
    name: "a (needs b: install it)",
    ignore: true,
  });
});

/** Paths of the TypeScript modules below a folder, those of tests/lint left out. */
function* modules(folder: string): Generator<string> {
  for (const { name, isDirectory } of Deno.readDirSync(`${ROOT}${folder}`)) {
    const path = `${folder}/${name}`;
    if (path === "tests/lint") continue;
    if (isDirectory) yield* modules(path);
    else if (name.endsWith(".ts")) yield path;
  }
}

Deno.test("no test is ignored in another way, which would not say why", () => {
  const own = ["tests/suites/needing.ts", "tests/suites/needing_test.ts"];
  const found = [...modules("tests")].filter((path) =>
    !own.includes(path) &&
    /^\s*(const )?ignore( =|: |,$)|\bignore: |Deno\.test\.ignore/m.test(
      Deno.readTextFileSync(`${ROOT}${path}`),
    )
  );
  assert.deepEqual(found, []);
});

const FILES = ["tests/e2e/contract_test.ts", "tests/sandbox/kubernetes/kubectl_test.ts"];

Deno.test("without Go every test that is ignored says what it needs", async () => {
  const home = await Deno.makeTempDir();
  try {
    const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["test", "--allow-all", "--no-check", ...FILES],
      cwd: ROOT,
      clearEnv: true,
      env: {
        PATH: "/nowhere",
        HOME: home,
        DENO_DIR: await denoDirectory(),
        NO_COLOR: "1",
        DENO_NO_UPDATE_CHECK: "1",
      },
    }).output();
    const said = new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
    assert.equal(code, 0, said);
    const ignored = said.split("\n").filter((line) => line.includes("... ignored"));
    assert.ok(ignored.length > 10, said);
    for (const line of ignored) {
      assert.match(line, /\(needs [\w, -]+: put Go on PATH, or set KUBEBUILDER_ASSETS\) \.\.\. /);
    }
  } finally {
    await Deno.remove(home, { recursive: true });
  }
});

async function denoDirectory(): Promise<string> {
  const { stdout } = await new Deno.Command(Deno.execPath(), { args: ["info", "--json"] }).output();
  return (JSON.parse(new TextDecoder().decode(stdout)) as { denoDir: string }).denoDir;
}
