/** `deno task lint:promises`: the checks that the linter of Deno lacks, and their own tests. */
import { fileURLToPath } from "node:url";
import { runTask, type Task, taskArguments } from "../../deploy/task/task.ts";

const TASK = {
  name: "lint:promises",
  summary: "Finds promises that nothing waits for, in src, tests and deploy. Exits with 1 where " +
    "there are any.",
  flags: {},
} as const satisfies Task;

async function main(args: readonly string[]): Promise<number> {
  taskArguments(TASK, args);
  const { code } = await new Deno.Command(Deno.execPath(), {
    args: ["task", "ok"],
    cwd: fileURLToPath(new URL(".", import.meta.url)),
  }).spawn().status;
  return code;
}

if (import.meta.main) Deno.exit(await runTask(TASK, Deno.args, () => main(Deno.args)));
