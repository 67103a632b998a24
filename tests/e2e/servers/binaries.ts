import { fileURLToPath } from "node:url";
import { goBuild, type GoModule, readGoModule, type Tool } from "./go_build.ts";

/** Where this process runs, passed in so that tests choose it. */
export interface Surroundings {
  env: (name: string) => string | undefined;
  module: GoModule;
  /** Tells the user what takes long. */
  print: (line: string) => void;
}

/** A binary that is there, or the Go command that can build it. */
export type Source = { path: string } | { go: string };

/** Where each binary comes from; or why one is missing and how to have it. */
export type Found = { ok: Map<Tool, Source> } | { missing: string };

/** A binary is missing, or was asked for by a setting that is wrong, or does not build. */
export class BinariesError extends Error {
  override readonly name = "BinariesError";
}

/** Set in the environment, it has nothing built: what is not there yet counts as missing. */
export const NO_BUILD = "MSI_ACRPULL_NO_BUILD";

const MODULE_DIRECTORY = fileURLToPath(new URL("..", import.meta.url)).replace(/\/$/, "");

/** This process's own environment, and the module of tests/e2e. */
export function currentSurroundings(): Surroundings {
  const encoder = new TextEncoder();
  return {
    env: (name) => Deno.env.get(name),
    module: readGoModule(MODULE_DIRECTORY),
    print: (line) => void Deno.stderr.writeSync(encoder.encode(`${line}\n`)),
  };
}

/**
 * Looks for each binary, without building any: kubectl in KUBECTL, then all of them in
 * KUBEBUILDER_ASSETS, in the cache, as something to build with Go, and kubectl at last on PATH.
 *
 * @throws {BinariesError} when KUBECTL or KUBEBUILDER_ASSETS names nothing usable.
 */
export function findBinaries(tools: Tool[], surroundings = currentSurroundings()): Found {
  if (Deno.build.os === "windows") {
    return { missing: "The servers are started through /bin/sh. Run the tests in WSL." };
  }
  const sources = new Map<Tool, Source>();
  for (const tool of tools) {
    const source = locate(tool, surroundings);
    if (source === undefined) return { missing: howToHave(tools, surroundings.module) };
    sources.set(tool, source);
  }
  return { ok: sources };
}

/**
 * Paths of the binaries. Those that have to be built are built first, once for all processes, into
 * the cache; that takes minutes.
 *
 * @throws {BinariesError} when one is missing or does not build.
 */
export async function obtainBinaries<T extends Tool>(
  tools: T[],
  surroundings = currentSurroundings(),
): Promise<Record<T, string>> {
  const found = findBinaries(tools, surroundings);
  if ("missing" in found) throw new BinariesError(found.missing);
  const paths: Partial<Record<Tool, string>> = {};
  for (const [tool, source] of found.ok) {
    paths[tool] = "path" in source ? source.path : await build(tool, source.go, surroundings);
  }
  return paths as Record<T, string>;
}

function locate(tool: Tool, surroundings: Surroundings): Source | undefined {
  const path = fromSettings(tool, surroundings.env) ??
    executable(`${cacheDirectory(surroundings)}/${tool}`);
  if (path !== undefined) return { path };
  const go = surroundings.env(NO_BUILD) ? undefined : onPath("go", surroundings.env);
  if (go !== undefined) return { go };
  const installed = tool === "kubectl" ? onPath(tool, surroundings.env) : undefined;
  return installed === undefined ? undefined : { path: installed };
}

function fromSettings(tool: Tool, env: Surroundings["env"]): string | undefined {
  const kubectl = env("KUBECTL");
  if (tool === "kubectl" && kubectl) {
    if (executable(kubectl)) return kubectl;
    throw new BinariesError(`KUBECTL names ${kubectl}, which is no executable file.`);
  }
  const assets = env("KUBEBUILDER_ASSETS");
  if (!assets) return undefined;
  if (!stat(assets)?.isDirectory) {
    throw new BinariesError(`KUBEBUILDER_ASSETS names ${assets}, which is no directory.`);
  }
  return executable(`${assets}/${tool}`);
}

/** One directory for each set of versions and platform, so that a new go.mod builds anew. */
function cacheDirectory({ env, module }: Surroundings): string {
  const home = env("HOME");
  const root = env("XDG_CACHE_HOME") || (home ? `${home}/.cache` : `${module.directory}/.cache`);
  const { os, arch } = Deno.build;
  return `${root}/msi-acrpull/${module.versions}-${os}-${arch}-${module.digest.slice(0, 12)}`;
}

async function build(tool: Tool, go: string, surroundings: Surroundings): Promise<string> {
  const directory = cacheDirectory(surroundings);
  const target = `${directory}/${tool}`;
  await Deno.mkdir(directory, { recursive: true });
  // The lock ends with the process that holds it, however that ends.
  using lock = await Deno.open(`${target}.lock`, { write: true, create: true });
  if (!await lock.tryLock(true)) {
    surroundings.print(`Waiting for another process that builds ${tool}.`);
    await lock.lock(true);
  }
  if (!executable(target)) {
    await runGo(tool, go, `${target}.partial`, surroundings);
    await Deno.rename(`${target}.partial`, target);
  }
  return target;
}

async function runGo(tool: Tool, go: string, output: string, surroundings: Surroundings) {
  const { args, env, shown } = goBuild(surroundings.module, tool, output);
  surroundings.print(`Building ${tool}, once and for some minutes:\n  ${shown}`);
  const { success, code, stderr } = await new Deno.Command(go, {
    args,
    env,
    cwd: surroundings.module.directory,
    stdin: "null",
  }).output();
  if (success) return;
  throw new BinariesError(
    `${tool} does not build; go ended with status ${code}:\n${new TextDecoder().decode(stderr)}` +
      `Run the command by hand, or set KUBEBUILDER_ASSETS instead:\n  ${shown}`,
  );
}

function howToHave(tools: Tool[], { kubernetes, directory }: GoModule): string {
  const version = kubernetes.replace(/^v|\.\d+$/g, "");
  return `${
    tools.join(" and ")
  } cannot be found. Either put Go on PATH, so that ${directory}/go.mod ` +
    `is built, or set KUBEBUILDER_ASSETS to a directory that holds them, such as the one that ` +
    `\`setup-envtest use ${version} -p path\` prints.`;
}

function onPath(name: string, env: Surroundings["env"]): string | undefined {
  for (const directory of (env("PATH") ?? "").split(":")) {
    const path = directory && executable(`${directory}/${name}`);
    if (path) return path;
  }
  return undefined;
}

function executable(path: string): string | undefined {
  const info = stat(path);
  return info?.isFile && ((info.mode ?? 0) & 0o111) !== 0 ? path : undefined;
}

function stat(path: string): Deno.FileInfo | undefined {
  try {
    return Deno.statSync(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory) {
      return undefined;
    }
    throw error;
  }
}
