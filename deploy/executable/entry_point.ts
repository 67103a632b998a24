import { commitOf } from "../../src/cli/version.ts";

/**
 * The program that is compiled: src/main.ts, told its commit. It is written at build time, so that
 * no file of the work tree changes. `main` is where it finds src/main.ts. Throws an Error where
 * `commit` is given and is none.
 */
export function entryPoint(commit?: string, main = "../src/main.ts"): string {
  if (commit !== undefined && commitOf(commit) === undefined) {
    throw new Error(`"${commit}" is no commit: write its hash of 7 to 64 hexadecimal digits`);
  }
  const argument = commit === undefined ? "" : JSON.stringify(commit);
  return `import { run } from "${main}";\n\nrun(${argument});\n`;
}
