/**
 * Makes the executable with the permissions of permissions.ts in it. Deno's own `--permission-set`
 * would do but for two things: its list cannot be added to by a build, and it cannot take back the
 * hosts from which Deno imports by default.
 */
import { optional } from "../../src/runtime/optional.ts";
import { print, runTask, type Task, taskArguments, UsageError } from "../task/task.ts";
import { faultOfDenortBin, isProgram, missingStubText } from "./denort.ts";
import { entryPoint } from "./entry_point.ts";
import { parseHosts } from "./host.ts";
import { type Additions, permissionFlags } from "./permissions.ts";
import { parseChecksums, stubPath, verifyStub } from "./stub.ts";
import { V8_FLAGS } from "./v8_flags.ts";

const EXECUTABLE = "Executable";
const SECURITY = "Security";

const TASK = {
  name: "compile",
  summary:
    "Makes the executable, with its permissions in it. Deno downloads its runtime stub for " +
    "that, unless the variable DENORT_BIN names one.",
  flags: {
    "output": {
      kind: "string",
      group: EXECUTABLE,
      placeholder: "FILE",
      default: "build/manager",
      help: "Where it is written.",
    },
    "target": {
      kind: "string",
      group: EXECUTABLE,
      placeholder: "amd64|arm64",
      default: "this machine's",
      help: "The architecture that it is for.",
    },
    "commit": {
      kind: "string",
      group: EXECUTABLE,
      placeholder: "SHA",
      help: "The commit that its version shows.",
    },
    "allow-host": {
      kind: "repeated",
      group: SECURITY,
      placeholder: "HOST:PORT,...",
      help: "Hosts of an air-gapped cloud that it may connect to. May be given several times.",
    },
    "denort-sha256": {
      kind: "string",
      group: SECURITY,
      placeholder: "amd64=HASH,arm64=HASH",
      help: "What Deno's runtime stub must be.",
    },
  },
} as const satisfies Task;

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
  const { given } = taskArguments(TASK, args);
  // A build argument that was not given arrives as an empty text.
  const target = given.target?.value ? targetOf(given.target.value) : undefined;
  const checksums = given["denort-sha256"]?.value ?? "";
  const stubChecksum = checksumFor(target ?? Deno.build.target, checksums);
  const commit = given.commit?.value;
  return {
    output: given.output?.value || "build/manager",
    ...optional("target", target),
    ...(commit ? { commit } : {}),
    hosts: (given["allow-host"]?.value ?? []).flatMap(parseHosts),
    ...optional("stubChecksum", stubChecksum),
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
  const { options, program } = understood(args);
  await Deno.mkdir("build", { recursive: true });
  await Deno.writeTextFile(ENTRY_POINT, program);
  return await deno(bundlerArguments()) || await deno(bundleArguments()) ||
    await compile(options) || await checkStub(options) || await checkProgram(options);
}

function understood(args: readonly string[]): { options: CompileOptions; program: string } {
  try {
    const options = compileOptions(args);
    const fault = faultOfDenortBin(denortBin());
    if (fault !== undefined) throw new UsageError(fault);
    return { options, program: entryPoint(options.commit) };
  } catch (error) {
    if (error instanceof UsageError) throw error;
    throw new UsageError((error as Error).message);
  }
}

async function compile(options: CompileOptions): Promise<number> {
  const { code, stderr } = await new Deno.Command(Deno.execPath(), {
    args: compileArguments(options),
    stdout: "inherit",
  }).output();
  const said = new TextDecoder().decode(stderr);
  if (code === 0 || denortBin() || await exists(await stubOf(options))) {
    print(Deno.stderr, said);
    return code;
  }
  const target = options.target ?? Deno.build.target;
  const text = missingStubText({ target, version: Deno.version.deno, stderr: said });
  print(Deno.stderr, `${text}\n`);
  return code;
}

/** Without a checksum there is nothing to check. What began with another stub is removed. */
async function checkStub(options: CompileOptions): Promise<number> {
  const { stubChecksum, output } = options;
  if (stubChecksum === undefined) return 0;
  try {
    await verifyStub(await stubOf(options), stubChecksum);
    return 0;
  } catch (error) {
    await Deno.remove(output);
    print(Deno.stderr, `${(error as Error).message}\n`);
    return 1;
  }
}

/** What is made of a stub of somebody's own need not run. Every module was found all the same. */
async function checkProgram({ target, output }: CompileOptions): Promise<number> {
  const stub = denortBin();
  if (!stub) return 0;
  if (target !== undefined && target !== Deno.build.target) {
    print(Deno.stderr, `${output} is not known to run: it is for ${target}; run it there.\n`);
  } else if (!await isProgram(output)) {
    print(
      Deno.stderr,
      `${output} is not an executable to ship: DENORT_BIN=${stub} is not Deno's runtime stub, ` +
        "denort. It shows that every module was found and embedded, and not that it runs.\n",
    );
  }
  return 0;
}

async function stubOf({ target }: CompileOptions): Promise<string> {
  return stubPath({
    target: target ?? Deno.build.target,
    denoDirectory: await denoDirectory(),
    version: Deno.version.deno,
    given: denortBin(),
  });
}

function denortBin(): string | undefined {
  return Deno.env.get("DENORT_BIN") || undefined;
}

async function exists(path: string): Promise<boolean> {
  return await Deno.stat(path).then(() => true, () => false);
}

async function denoDirectory(): Promise<string> {
  const args = ["info", "--json"];
  const { stdout } = await new Deno.Command(Deno.execPath(), { args, stderr: "inherit" }).output();
  return (JSON.parse(new TextDecoder().decode(stdout)) as { denoDir: string }).denoDir;
}

async function deno(args: string[]): Promise<number> {
  return (await new Deno.Command(Deno.execPath(), { args }).spawn().status).code;
}

if (import.meta.main) Deno.exit(await runTask(TASK, Deno.args, () => main(Deno.args)));
