/** `deno task test`: all tests, those against a real API server included. */
import { print, runTask, type Task, taskArguments, UsageError } from "../../deploy/task/task.ts";
import { BinariesError, findBinaries, type Found } from "../e2e/servers/binaries.ts";
import { helmSurroundings } from "../e2e/servers/helm.ts";
import { buildNotice, reachesApiServer } from "./build_notice.ts";
import { deno } from "./deno.ts";
import { pathFaults } from "./test_paths.ts";

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
  const faults = pathFaults(positionals);
  if (faults.length > 0) throw new UsageError(...faults);
  if (reachesApiServer(positionals)) announce();
  return await deno([
    "test",
    "--allow-all",
    ...(filter === undefined ? [] : [`--filter=${filter.value}`]),
    ...(positionals.length === 0 ? ["tests"] : positionals),
  ]);
}

function announce(): void {
  const notice = buildNotice(
    found(() => findBinaries(["etcd", "kube-apiserver", "kubectl"])),
    found(() => findBinaries(["helm"], helmSurroundings())),
  );
  if (notice !== undefined) print(Deno.stderr, `${notice}\n`);
}

/** A setting that is wrong would be told by every file of tests, each with a stack. */
function found(find: () => Found): Found {
  try {
    return find();
  } catch (error) {
    throw error instanceof BinariesError ? new UsageError(error.message) : error;
  }
}

if (import.meta.main) Deno.exit(await runTask(TASK, Deno.args, () => main(Deno.args)));
