import assert from "node:assert/strict";
import { readModules } from "./imports.ts";

const ROOT = new URL("../../", import.meta.url);

/** A test by the path that it has in `tests/unit`, and by that of the module it is named by. */
interface Mirrored {
  readonly test: string;
  readonly module: string;
}

/** The tests below `tests/unit` that stand in a room: those of `src` and those of `deploy`. */
async function mirrored(): Promise<Mirrored[]> {
  const tests = [...(await readModules(ROOT, "tests/unit")).keys()];
  return tests.filter((path) => path.endsWith("_test.ts")).map((test) => {
    const path = test.slice("tests/unit/".length).replace(/_test\.ts$/, ".ts");
    return { test, module: path.startsWith("deploy/") ? path : `src/${path}` };
  }).filter(({ module }) => module.split("/").length > 2);
}

async function modules(): Promise<string[]> {
  return [
    ...(await readModules(ROOT, "src")).keys(),
    ...(await readModules(ROOT, "deploy")).keys(),
  ];
}

/** Folders of `tests/unit` that are about the tests and the guides, and about no room. */
const OWN = ["src/regular_expressions"];

function folderOf(path: string): string {
  return path.slice(0, path.lastIndexOf("/"));
}

Deno.test("tests/unit: each folder has the name of a folder of src or deploy", async () => {
  const folders = new Set((await modules()).map(folderOf));
  const strange = (await mirrored()).filter(({ module }) =>
    !folders.has(folderOf(module)) && !OWN.includes(folderOf(module))
  );
  assert.deepEqual(strange.map(({ test }) => test), []);
});

Deno.test("tests/unit: a test that is named by a module stands where that stands", async () => {
  const paths = await modules();
  const astray = (await mirrored()).filter(({ module }) => {
    if (paths.includes(module)) return false;
    const top = module.split("/").slice(0, 2).join("/");
    return paths.some((path) =>
      path.startsWith(`${top}/`) && path.endsWith(module.slice(module.lastIndexOf("/")))
    );
  });
  assert.deepEqual(astray.map(({ test }) => test), []);
});
