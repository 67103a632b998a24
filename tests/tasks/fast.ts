/** `deno task test:fast`: the tests that need neither Go nor minutes. */
import { runTask, type Task, taskArguments } from "../../deploy/task/task.ts";
import { NO_BUILD } from "../e2e/servers/binaries.ts";
import { deno } from "./deno.ts";

const TASK = {
  name: "test:fast",
  summary: "Runs the tests that need neither Go nor minutes, several files at a time. It builds " +
    "nothing. `deno task test` runs the rest: those on a real API server, those of the image, and " +
    "the suites on the API server in memory.",
  flags: {},
} as const satisfies Task;

/** What deno.json excludes is named again, since `--ignore` takes the place of that. */
const LEFT_OUT = ["tests/e2e", "tests/image", "tests/in_memory", "tests/lint"];

async function main(args: readonly string[]): Promise<number> {
  taskArguments(TASK, args);
  const command = ["test", "--allow-all", "--parallel", `--ignore=${LEFT_OUT.join()}`, "tests"];
  return await deno(command, { [NO_BUILD]: "1" });
}

if (import.meta.main) Deno.exit(await runTask(TASK, Deno.args, () => main(Deno.args)));
