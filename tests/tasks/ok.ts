/** `deno task ok`: what must hold before a commit. */
import { print, runTask, type Task, taskArguments } from "../../deploy/task/task.ts";
import { findBinaries } from "../e2e/servers/binaries.ts";
import { helmSurroundings } from "../e2e/servers/helm.ts";
import { chartNotice } from "./chart_notice.ts";
import { deno } from "./deno.ts";

const TASK = {
  name: "ok",
  summary:
    "Checks format, lint, types, generated code and tests: what must hold before a commit. " +
    "Ends with the first that does not. Says so where Helm cannot be had, as then the chart is not " +
    "compared.",
  flags: {},
} as const satisfies Task;

const STEPS: readonly (readonly string[])[] = [
  ["fmt", "--check"],
  ["lint"],
  ["check"],
  ["task", "lint:promises"],
  ["task", "generate", "--check"],
  ["task", "deploy", "--check"],
  ["task", "test"],
];

async function main(args: readonly string[]): Promise<number> {
  taskArguments(TASK, args);
  for (const step of STEPS) {
    const code = await deno(step);
    if (code !== 0) return code;
  }
  const notice = chartNotice(findBinaries(["helm"], helmSurroundings()));
  if (notice !== undefined) print(Deno.stderr, `${notice}\n`);
  return 0;
}

if (import.meta.main) Deno.exit(await runTask(TASK, Deno.args, () => main(Deno.args)));
