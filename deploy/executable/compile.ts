/**
 * Makes the executable with the permissions of permissions.ts in it. Deno's own `--permission-set`
 * would do but for two things: its list cannot be added to by a build, and it cannot take back the
 * hosts from which Deno imports by default.
 */
import { parseArgs } from "node:util";
import { entryPoint } from "./entry_point.ts";
import { parseHosts } from "./host.ts";
import { type Additions, permissionFlags } from "./permissions.ts";
import { parseChecksums, stubPath, verifyStub } from "./stub.ts";
import { V8_FLAGS } from "./v8_flags.ts";

const USAGE = `Usage: deno task compile [--output FILE] [--target ARCHITECTURE] [--commit SHA]
  [--allow-host HOST:PORT,...]   hosts of an air-gapped cloud; may be given several times
  [--denort-sha256 amd64=HASH,arm64=HASH]   what Deno's runtime stub must be
`;

const ENTRY_POINT = "build/manager.ts";
const BUNDLE = "build/manager.js";

/** Holds the lock file of the bundler that `deno bundle` runs. */
const BUNDLER = "deploy/executable/bundler/deno.json";

/** Deno's targets by the names that container images have for architectures. */
const TARGETS: Readonly<Record<string, string>> = {
  amd64: "x86_64-unknown-linux-gnu",
  arm64: "aarch64-unknown-linux-gnu",
};

/** Arguments of `deno` that make the executable. */
export interface CompileOptions {
  readonly output: string;
  /** Of Deno's names, such as aarch64-unknown-linux-gnu; this machine's by default. */
  readonly target?: string;
  /** What `version` shows. */
  readonly commit?: string;
  readonly hosts: readonly string[];
  /** SHA-256 of Deno's runtime stub for the target. */
  readonly stubChecksum?: string;
}

/** Reads the command line. Throws an Error that says what is wrong with it. */
export function compileOptions(args: readonly string[]): CompileOptions {
  const { values } = parseArgs({
    args: [...args],
    options: {
      output: { type: "string", default: "build/manager" },
      target: { type: "string" },
      commit: { type: "string" },
      "allow-host": { type: "string", multiple: true, default: [] },
      "denort-sha256": { type: "string", default: "" },
    },
  });
  const target = values.target ? targetOf(values.target) : undefined;
  const stubChecksum = checksumFor(target ?? Deno.build.target, values["denort-sha256"]);
  // A build argument that was not given arrives as an empty text.
  return {
    output: values.output,
    ...(target === undefined ? {} : { target }),
    ...(values.commit ? { commit: values.commit } : {}),
    hosts: values["allow-host"].flatMap(parseHosts),
    ...(stubChecksum === undefined ? {} : { stubChecksum }),
  };
}

/** Of a list that is not empty, each architecture that is made must be a part. */
function checksumFor(target: string, list: string): string | undefined {
  const checksums = parseChecksums(list);
  const [architecture] = Object.entries(TARGETS).find(([, name]) => name === target) ?? [];
  const checksum = checksums.get(architecture ?? target);
  if (checksum !== undefined || checksums.size === 0) return checksum;
  throw new Error(`--denort-sha256 lacks ${architecture ?? target}: add ${architecture}=HASH`);
}

function targetOf(architecture: string): string {
  const target = TARGETS[architecture];
  if (target !== undefined) return target;
  throw new Error(
    `--target=${architecture} is not known: write ${Object.keys(TARGETS).join(" or ")}`,
  );
}

/**
 * Arguments for Deno that put the bundler into its cache, by its lock file: `deno bundle` runs what
 * it finds there, and would else fetch it by a name and a version alone.
 */
export function bundlerArguments(): string[] {
  return ["install", "--quiet", "--frozen", "--config", BUNDLER];
}

/**
 * Arguments for Deno that put the program and what it imports into one file. Minified it takes 8 MB
 * less memory.
 */
export function bundleArguments(bundle = BUNDLE, entryPoint = ENTRY_POINT): string[] {
  return [
    "bundle",
    "--frozen",
    "--minify",
    "--platform",
    "browser",
    "--output",
    bundle,
    entryPoint,
  ];
}

/** Under which flags of Deno the program runs. */
export function programFlags(
  additions: Additions = {},
  v8Flags: readonly string[] = V8_FLAGS,
): string[] {
  return [
    "--no-config",
    "--no-lock",
    "--no-npm",
    "--no-remote",
    ...(v8Flags.length === 0 ? [] : [`--v8-flags=${v8Flags.join(",")}`]),
    ...permissionFlags(additions),
  ];
}

/**
 * Arguments for Deno that make the executable of that file alone: with the configuration in sight
 * Deno would embed every npm package of the lock file, those of the tests included.
 */
export function compileArguments({ output, target, hosts }: CompileOptions): string[] {
  return [
    "compile",
    ...programFlags({ hosts }),
    ...(target === undefined ? [] : ["--target", target]),
    "--output",
    output,
    BUNDLE,
  ];
}

async function main(args: readonly string[]): Promise<number> {
  let options: CompileOptions;
  let program: string;
  try {
    options = compileOptions(args);
    program = entryPoint(options.commit);
  } catch (error) {
    Deno.stderr.writeSync(new TextEncoder().encode(`${(error as Error).message}\n\n${USAGE}`));
    return 2;
  }
  await Deno.mkdir("build", { recursive: true });
  await Deno.writeTextFile(ENTRY_POINT, program);
  return await deno(bundlerArguments()) || await deno(bundleArguments()) ||
    await deno(compileArguments(options)) || await checkStub(options);
}

/** Without a checksum there is nothing to check. What began with another stub is removed. */
async function checkStub({ stubChecksum, target, output }: CompileOptions): Promise<number> {
  if (stubChecksum === undefined) return 0;
  const path = stubPath({
    target: target ?? Deno.build.target,
    denoDirectory: await denoDirectory(),
    version: Deno.version.deno,
    given: Deno.env.get("DENORT_BIN"),
  });
  try {
    await verifyStub(path, stubChecksum);
    return 0;
  } catch (error) {
    await Deno.remove(output);
    Deno.stderr.writeSync(new TextEncoder().encode(`${(error as Error).message}\n`));
    return 1;
  }
}

async function denoDirectory(): Promise<string> {
  const args = ["info", "--json"];
  const { stdout } = await new Deno.Command(Deno.execPath(), { args, stderr: "inherit" }).output();
  return (JSON.parse(new TextDecoder().decode(stdout)) as { denoDir: string }).denoDir;
}

async function deno(args: string[]): Promise<number> {
  return (await new Deno.Command(Deno.execPath(), { args }).spawn().status).code;
}

if (import.meta.main) Deno.exit(await main(Deno.args));
