import { fileURLToPath } from "node:url";
import type { ControlPlane } from "./control_plane.ts";

const ROOT = fileURLToPath(new URL("../../../", import.meta.url));

/** What `deno task deploy` allows; --allow-run is for credential plugins that a kubeconfig names. */
const PERMISSIONS = ["--allow-net", "--allow-env", "--allow-read", "--allow-write", "--allow-run"];

/** How the task ended and what it said. */
export interface TaskResult {
  code: number;
  stdout: string;
  stderr: string;
}

/** Runs `deno task deploy` with `args`, in the repository's root. */
export async function deployTask(args: string[]): Promise<TaskResult> {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "--no-prompt", ...PERMISSIONS, "deploy/main.ts", ...args],
    cwd: ROOT,
    env: { NO_COLOR: "1" },
    stdin: "null",
  }).output();
  const decoder = new TextDecoder();
  return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
}

/** As deployTask(), against the plane's API server as its administrator. */
export function deployTo(plane: ControlPlane, args: string[]): Promise<TaskResult> {
  return deployTask([`--kubeconfig=${plane.adminKubeconfig.path}`, ...args]);
}
