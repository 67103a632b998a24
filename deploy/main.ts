/**
 * `deno task deploy`: renders what installs the operator, and writes, checks, prints, compares or
 * applies it. Exit codes: 0; 1 for a difference or a failure; 2 for arguments that cannot be used.
 * A failure of --diff is 2 as well, so that it is told from a difference.
 */
import { resolveCluster } from "../src/kubernetes/config/resolve.ts";
import { FetchRestClient } from "../src/kubernetes/http/transport.ts";
import { VERSION } from "../src/cli/version.ts";
import { systemClock } from "../src/runtime/time/clock.ts";
import { differences, type SourceFile } from "./generate.ts";
import { installation } from "./manifests/installation.ts";
import type { Settings } from "./manifests/settings.ts";
import { FAILURE, onCluster } from "./cluster/on_cluster.ts";
import { ownNamespaceNotice } from "./manifests/namespace.ts";
import { deployHelp, LATEST, parseDeploy, type Target } from "./options/options.ts";
import { USAGE_EXIT_CODE } from "./task/task.ts";
import { taskCommand } from "./task/shell.ts";
import { crdManifests, derivedFiles, installationFiles, readCrds, readSources } from "./render.ts";

type ClusterTarget = Extract<Target, { kind: "apply" | "diff" }>;

/** Runs the task. Answers its exit code. */
export async function main(args: readonly string[], signal: AbortSignal): Promise<number> {
  const parsed = parseDeploy(args);
  if (parsed.kind === "help") return print(Deno.stdout, deployHelp());
  if (parsed.kind === "errors") {
    print(Deno.stderr, parsed.errors.map((line) => `${line}\n`).join(""));
    return USAGE_EXIT_CODE;
  }
  const { settings, target } = parsed;
  if (!settings.createNamespace) print(Deno.stderr, `${ownNamespaceNotice(settings)}\n`);
  switch (target.kind) {
    case "write":
      return write(filesFor(settings, target.directory));
    case "check":
      return check(filesFor(settings, target.directory), writingCommand(args));
    case "print": {
      const [crds, rest] = installationFiles(settings, readCrds(), "");
      return print(Deno.stdout, `${crds!.text}---\n${rest!.text}`);
    }
    case "apply":
    case "diff":
      return await connectAndRun(settings, target, signal);
  }
}

/** The repository's own files come along where its own directory is written. */
function filesFor(settings: Settings, directory: string): readonly SourceFile[] {
  const crds = readCrds();
  const files = installationFiles(settings, crds, directory);
  if (directory !== LATEST) return files;
  return [...files, ...derivedFiles(readSources())];
}

function write(files: readonly SourceFile[]): number {
  for (const line of differences(files, present(files))) print(Deno.stderr, `${line}; written\n`);
  for (const { path, text } of files) {
    Deno.mkdirSync(path.slice(0, path.lastIndexOf("/")), { recursive: true });
    Deno.writeTextFileSync(path, text);
  }
  return 0;
}

/** What writes the files that `args` check: the same options, without the check. */
function writingCommand(args: readonly string[]): string {
  return taskCommand("deploy", args.filter((arg) => !CHECK_FLAG.test(arg)));
}

const CHECK_FLAG = /^--?check(=|$)/;

function check(files: readonly SourceFile[], command: string): number {
  const found = differences(files, present(files));
  for (const line of found) print(Deno.stderr, `${line}; run \`${command}\`\n`);
  return found.length === 0 ? 0 : 1;
}

function present(files: readonly SourceFile[]): SourceFile[] {
  return files.flatMap(({ path }) => {
    try {
      return [{ path, text: Deno.readTextFileSync(path) }];
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return [];
      throw error;
    }
  });
}

async function connectAndRun(
  settings: Settings,
  target: ClusterTarget,
  signal: AbortSignal,
): Promise<number> {
  try {
    const config = await resolveCluster({ kubeconfig: target.kubeconfig, context: target.context });
    using rest = new FetchRestClient({
      config,
      fetch,
      clock: systemClock,
      userAgent: `msi-acrpull-deploy/${VERSION}`,
    });
    const manifests = [...crdManifests(readCrds()), ...installation(settings)];
    return await onCluster(rest, manifests, target, {
      out: (line) => void print(Deno.stdout, `${line}\n`),
      err: (line) => void print(Deno.stderr, `${line}\n`),
      clock: systemClock,
      signal,
    });
  } catch (error) {
    return fail(error, FAILURE[target.kind]);
  }
}

function fail(error: unknown, code: number): number {
  print(Deno.stderr, `${error instanceof Error ? error.message : error}\n`);
  return code;
}

function print(to: { writeSync(bytes: Uint8Array): number }, text: string): number {
  let bytes = new TextEncoder().encode(text);
  while (bytes.length > 0) bytes = bytes.subarray(to.writeSync(bytes));
  return 0;
}

async function run(): Promise<number> {
  const ended = new AbortController();
  const stop = () => ended.abort();
  Deno.addSignalListener("SIGINT", stop);
  try {
    return await main(Deno.args, ended.signal);
  } catch (error) {
    return fail(error, 1);
  } finally {
    Deno.removeSignalListener("SIGINT", stop);
  }
}

if (import.meta.main) Deno.exit(await run());
