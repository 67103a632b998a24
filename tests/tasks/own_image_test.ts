import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { helm, lackOfHelm } from "../e2e/servers/helm.ts";
import { codeBlocks, guide, guideSection } from "../suites/guides.ts";
import { needing } from "../suites/needing.ts";
import { runTask } from "./run_task.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const OWN = "registry.example/msi-acrpull:v0.1.0";

/** The commands that the guide shows for an image of one's own. */
function commands(): string[] {
  const blocks = codeBlocks(guideSection("deploy/README.md", "An image of your own"), "sh");
  return blocks.flatMap((block) => block.trimEnd().split("\n"));
}

/** The arguments of the command that begins so. */
function argumentsOf(beginning: string): string[] {
  const line = commands().find((each) => each.startsWith(beginning));
  assert.ok(line, `the guide has no ${beginning}`);
  return line.slice(beginning.length).trim().split(" ");
}

function imagesIn(manifests: string): string[] {
  return [...manifests.matchAll(/^ +image: "?([^"\s]+)"?$/gm)].map(([, image]) => image!);
}

Deno.test("README: it says in one line that nothing is published yet", () => {
  assert.match(
    guide("README.md"),
    /^Nothing is published under `ghcr\.io\/msi-acrpull\/deno` yet/m,
  );
});

Deno.test("README: an image of one's own is built from the root, pushed by the same name", () => {
  assert.deepEqual(argumentsOf("docker build"), ["-t", OWN, "."]);
  assert.deepEqual(argumentsOf("docker push"), [OWN]);
  assert.ok(Deno.statSync(`${ROOT}Dockerfile`).isFile);
});

Deno.test("README: an image of one's own is used by the task", async () => {
  const [npx, task, ...args] = argumentsOf("npx -y deno@2.9.6 task");
  assert.deepEqual([npx, args.at(-1)], ["deploy", "--apply"]);
  const { code, stdout, stderr } = await runTask("deploy", [
    task!,
    ...args.slice(0, -1),
    "-o",
    "-",
  ]);
  assert.equal(code, 0, stderr);
  assert.deepEqual(imagesIn(stdout), [OWN]);
});

Deno.test({
  ...needing("README: an image of one's own is used by the chart", lackOfHelm()),
  fn: async () => {
    const [release, chart, ...args] = argumentsOf("helm install");
    assert.equal(chart, "deploy/helm");
    const { code, stdout, stderr } = await helm(["template", release!, `${ROOT}${chart}`, ...args]);
    assert.equal(code, 0, stderr);
    assert.deepEqual(imagesIn(stdout), [OWN]);
  },
});
