import { fileURLToPath } from "node:url";
import type { FloorResult, FloorTask } from "./floor_process.ts";

const PROGRAM = fileURLToPath(new URL("floor_process.ts", import.meta.url));

/** What the floor cost. */
export interface Floor extends FloorResult {
  /** From the start of its process to its last write. */
  readonly seconds: number;
}

/** Runs the floor in a process of its own, with `flags` for V8. Rejects when a write is refused. */
export async function runFloor(task: FloorTask, flags: readonly string[]): Promise<Floor> {
  const startedAt = performance.now();
  const { success, stdout } = await new Deno.Command(Deno.execPath(), {
    args: [
      ...["run", "--quiet", "--allow-all", `--v8-flags=${flags.join(",")}`, PROGRAM],
      JSON.stringify(task),
    ],
    env: { NO_PROXY: "127.0.0.1" },
    stderr: "inherit",
  }).output();
  if (!success) throw new Error("the floor failed; its error stands above");
  const seconds = (performance.now() - startedAt) / 1000;
  return { seconds, ...JSON.parse(new TextDecoder().decode(stdout)) as FloorResult };
}
