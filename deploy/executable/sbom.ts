/**
 * `deno task sbom` prints what is in the image as CycloneDX: scanners see nothing in an executable
 * of Deno's. The packages are those that the module graph of src/main.ts reaches by code, types left
 * out; their versions and hashes are those of the lock file. The same input gives the same text.
 */
import { optional } from "../../src/runtime/optional.ts";
import { commitOf } from "../../src/cli/version.ts";
import { print, runTask, type Task, taskArguments, UsageError } from "../task/task.ts";
import { bill, type Ingredients } from "./cyclonedx.ts";
import { type Lock, type ModuleGraph, packagesOf } from "./packages.ts";
import { versionOf } from "./version.ts";

const TASK = {
  name: "sbom",
  summary: "Prints what the image is made of, as CycloneDX.",
  flags: {
    "commit": {
      kind: "string",
      group: "Image",
      placeholder: "SHA",
      help: "The commit that the image was built from.",
    },
    "base-image": {
      kind: "string",
      group: "Image",
      placeholder: "NAME:TAG@sha256:HASH",
      default: "BASE_IMAGE of the Dockerfile",
      help: "What the image was built on.",
    },
  },
} as const satisfies Task;
const ROOT = new URL("../../", import.meta.url);

/** The default of BASE_IMAGE in a Dockerfile's text. Throws an Error where there is none. */
export function baseImageOf(dockerfile: string): string {
  const image = /^ARG BASE_IMAGE=(\S+)$/m.exec(dockerfile)?.[1];
  if (image !== undefined) return image;
  throw new Error("The Dockerfile gives BASE_IMAGE no default: give --base-image.");
}

/** Reads the command line and the repository. Throws an Error that says what is wrong. */
export async function ingredients(args: readonly string[]): Promise<Ingredients> {
  const { given } = taskArguments(TASK, args);
  const commit = given.commit?.value;
  if (commit !== undefined && commitOf(commit) === undefined) {
    throw new UsageError(
      `"${commit}" is no commit: write its hash of 7 to 64 hexadecimal digits`,
    );
  }
  const read = (file: string) => Deno.readTextFileSync(new URL(file, ROOT));
  return {
    version: versionOf(read("deno.json")),
    ...optional("commit", commit),
    denoVersion: Deno.version.deno,
    baseImage: given["base-image"]?.value ?? baseImageOf(read("Dockerfile")),
    packages: packagesOf(await moduleGraph(), JSON.parse(read("deno.lock")) as Lock),
  };
}

async function moduleGraph(): Promise<ModuleGraph> {
  const { success, stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["info", "--json", "--frozen", "src/main.ts"],
    cwd: ROOT,
    stderr: "inherit",
  }).output();
  if (!success) throw new Error("deno info of src/main.ts failed, for the reason above.");
  return JSON.parse(new TextDecoder().decode(stdout)) as ModuleGraph;
}

async function main(args: readonly string[]): Promise<number> {
  print(Deno.stdout, `${JSON.stringify(bill(await ingredients(args)), null, 2)}\n`);
  return 0;
}

if (import.meta.main) {
  try {
    Deno.exit(await runTask(TASK, Deno.args, () => main(Deno.args)));
  } catch (error) {
    print(Deno.stderr, `${(error as Error).message}\n`);
    Deno.exit(2);
  }
}
