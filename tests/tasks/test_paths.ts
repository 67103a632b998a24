import { existsSync, globSync } from "node:fs";
import config from "../../deno.json" with { type: "json" };
import { quote } from "../../src/runtime/text/quote.ts";

/** Of paths from the repository's root: why `deno test` would find nothing there, a sentence each. */
export function pathFaults(paths: readonly string[]): string[] {
  return paths.flatMap((path) => {
    const found = existsSync(path) ? [path] : globSync(path);
    if (found.length === 0) {
      return [`PATH ${quote(path)} does not exist: write it as from the root, e.g. tests/unit.`];
    }
    if (found.some(hasTests)) return [];
    return [`PATH ${quote(path)} holds no tests: write one that does, e.g. tests/unit.`];
  });
}

/** Whether a file is one of tests by its name, or a folder holds such a file. */
function hasTests(path: string): boolean {
  const clean = path.replace(/^\.\//, "").replace(/\/$/, "");
  if (config.exclude.some((each) => `${clean}/`.startsWith(each))) return false;
  if (!Deno.statSync(path).isDirectory) return clean.endsWith("_test.ts");
  return [...Deno.readDirSync(path)].some(({ name, isSymlink }) =>
    !isSymlink && name !== ".git" && hasTests(clean === "." ? name : `${clean}/${name}`)
  );
}
