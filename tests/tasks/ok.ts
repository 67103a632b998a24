/** `deno task ok`: what must hold before a commit. */
import { runTask, type Task, taskArguments } from "../../deploy/task/task.ts";
import { deno } from "./deno.ts";

const TASK = {
  name: "ok",
  summary:
    "Checks format, lint, types, generated code and tests: what must hold before a commit. " +
    "Ends with the first that does not.",
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
  return 0;
}

if (import.meta.main) Deno.exit(await runTask(TASK, Deno.args, () => main(Deno.args)));
