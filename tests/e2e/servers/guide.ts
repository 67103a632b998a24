import assert from "node:assert/strict";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { guide, guides } from "../../suites/guides.ts";
import { obtainBinaries } from "./binaries.ts";
import type { ControlPlane } from "./control_plane.ts";
import { obtainHelm } from "./helm.ts";

const ROOT = fileURLToPath(new URL("../../../", import.meta.url));

/** How a command of the guide ended and what it said. */
export interface ShellResult {
  code: number;
  stdout: string;
  stderr: string;
}

/** The code block that one of the guides under deploy shows after the mark `test: NAME`. */
export function guideBlock(name: string): string {
  const mark = new RegExp(`<!-- test: ${name} -->\\n+\`\`\`\\w+\\n(.*?)\`\`\``, "gs");
  const blocks = guides().filter((path) => path.startsWith("deploy/"))
    .flatMap((path) => [...guide(path).matchAll(mark)]);
  assert.equal(blocks.length, 1, `the guides have ${blocks.length} blocks marked ${name}`);
  return blocks[0]![1]!;
}

/** Runs the commands of such a block in a shell, as a reader would, and answers what they print. */
export async function runGuide(plane: ControlPlane, name: string): Promise<string> {
  const { code, stdout, stderr } = await runShell(plane, guideBlock(name));
  assert.equal(code, 0, stderr);
  return stdout;
}

/** Runs a script in the repository's root, with kubectl, deno and, where it is used, helm. */
export async function runShell(plane: ControlPlane, script: string): Promise<ShellResult> {
  const { kubectl } = await obtainBinaries(["kubectl"]);
  const tools = [kubectl, Deno.execPath()];
  if (/^helm /m.test(script)) tools.push(await obtainHelm());
  const home = await Deno.makeTempDir({ prefix: "msi-acrpull-guide-" });
  try {
    const { code, stdout, stderr } = await new Deno.Command("/bin/sh", {
      args: ["-euc", script],
      cwd: ROOT,
      env: {
        PATH: `${tools.map(dirname).join(":")}:${Deno.env.get("PATH")}`,
        KUBECONFIG: plane.adminKubeconfig.path,
        HELM_CONFIG_HOME: home,
        HELM_CACHE_HOME: home,
        HELM_DATA_HOME: home,
        NO_COLOR: "1",
      },
      stdin: "null",
    }).output();
    const decoder = new TextDecoder();
    return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
  } finally {
    await Deno.remove(home, { recursive: true });
  }
}
