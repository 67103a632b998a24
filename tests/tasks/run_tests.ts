/** `deno task test`: all tests, those against a real API server included. */
import { runTask, type Task, taskArguments } from "../../deploy/task/task.ts";
import { deno } from "./deno.ts";

const TASK = {
  name: "test",
  summary:
    "Runs all tests, those against a real API server included, or those of the given files " +
    "and folders.",
  flags: {
    "filter": {
      kind: "string",
      group: "What to run",
      placeholder: "TEXT",
      help: "Run only the tests whose name contains it, or matches it between slashes.",
    },
  },
  argument: { placeholder: "PATH...", help: "a file or a folder of tests. Default: tests." },
} as const satisfies Task;

async function main(args: readonly string[]): Promise<number> {
  const { given: { filter }, positionals } = taskArguments(TASK, args);
  return await deno([
    "test",
    "--allow-all",
    ...(filter === undefined ? [] : [`--filter=${filter.value}`]),
    ...(positionals.length === 0 ? ["tests"] : positionals),
  ]);
}

if (import.meta.main) Deno.exit(await runTask(TASK, Deno.args, () => main(Deno.args)));
