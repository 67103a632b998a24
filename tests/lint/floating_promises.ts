/**
 * Finds promises that nothing waits for, or whose failure nothing handles. That takes types, so it
 * cannot be a rule of Deno's own linter. Run as a program it looks at the folders named by its
 * arguments, and ends with status 1 when there is a finding.
 */
import { Linter } from "eslint";
import { fileURLToPath } from "node:url";
import type ts from "typescript";
import tseslint from "typescript-eslint";
import { createDenoProgram } from "./deno_program.ts";

/** A promise that is lost, and where. */
export interface Finding {
  file: string;
  line: number;
  column: number;
  /** Such as no-floating-promises; `eslint` for what it says itself, such as a syntax error. */
  rule: string;
  message: string;
}

const PLUGIN = "@typescript-eslint";

/** `void` before a promise does not count as handling it: a rejection would end the process. */
const RULES: Linter.RulesRecord = {
  [`${PLUGIN}/no-floating-promises`]: ["error", { ignoreVoid: false, checkThenables: true }],
  [`${PLUGIN}/no-misused-promises`]: "error",
  [`${PLUGIN}/await-thenable`]: "error",
  [`${PLUGIN}/return-await`]: ["error", "error-handling-correctness-only"],
};

/** Findings in `files` of `program`, in the order of the files and lines. */
export function findFloatingPromises(
  root: string,
  program: ts.Program,
  files: string[],
): Finding[] {
  const linter = new Linter({ cwd: root });
  const config: Linter.Config = {
    files: ["**/*.ts"],
    languageOptions: {
      parser: tseslint.parser as Linter.Parser,
      parserOptions: { programs: [program], tsconfigRootDir: root },
    },
    linterOptions: { noInlineConfig: true },
    plugins: { [PLUGIN]: tseslint.plugin as never },
    rules: RULES,
  };
  return files.flatMap((file) => {
    const text = program.getSourceFile(file)?.text;
    if (text === undefined) throw new Error(`${file} is not part of the program`);
    return linter.verify(text, config, { filename: file }).map((found) => ({
      file,
      line: found.line,
      column: found.column,
      rule: found.ruleId?.replace(`${PLUGIN}/`, "") ?? "eslint",
      message: found.message,
    }));
  });
}

/** Absolute paths of the TypeScript modules below `directory`, sorted. */
async function modulesBelow(directory: string): Promise<string[]> {
  const found: string[] = [];
  for await (const entry of Deno.readDir(directory)) {
    const path = `${directory}/${entry.name}`;
    if (entry.isDirectory) found.push(...await modulesBelow(path));
    else if (entry.name.endsWith(".ts")) found.push(path);
  }
  return found.sort();
}

async function main(folders: string[]): Promise<number> {
  const root = fileURLToPath(new URL("../..", import.meta.url)).replace(/\/$/, "");
  const files = (await Promise.all(folders.map((name) => modulesBelow(`${root}/${name}`)))).flat();
  const findings = findFloatingPromises(root, await createDenoProgram(root, files), files);
  const lines = findings.map(({ file, line, column, rule, message }) =>
    `${file.slice(root.length + 1)}:${line}:${column} ${rule}: ${message}\n`
  );
  const summary = `${files.length} modules, ${findings.length} floating promises\n`;
  await Deno.stdout.write(new TextEncoder().encode(lines.join("") + summary));
  return findings.length === 0 ? 0 : 1;
}

if (import.meta.main) {
  main(Deno.args).then((status) => Deno.exit(status), (error) => {
    Deno.stderr.writeSync(
      new TextEncoder().encode(`${error instanceof Error ? error.stack : error}\n`),
    );
    Deno.exit(2);
  });
}
