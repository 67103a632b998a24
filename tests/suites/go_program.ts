import { NO_BUILD } from "../e2e/servers/binaries.ts";
import type { TestOnApiServer } from "../sandbox/api_server.ts";
import { needing } from "./needing.ts";

/** A Go program of the tests, which reads one JSON document and answers with another. */
export interface GoProgram {
  /** The module, whose go.mod pins what it is made of. */
  readonly module: URL;
  /** The package within it, such as `./kubelet`. */
  readonly package: string;
}

/** Needs no C compiler, nor a workspace above this repository. */
const ENVIRONMENT = { GOWORK: "off", CGO_ENABLED: "0" };

/**
 * What the program answers to `question`. It is built the first time, with the flags of the API
 * server's build, whose packages are then not compiled again. Throws an Error with what the program
 * wrote to stderr where it fails.
 */
export async function askGo<T>(program: GoProgram, question: unknown): Promise<T> {
  const child = new Deno.Command("go", {
    args: ["run", "-trimpath", program.package],
    cwd: program.module,
    env: ENVIRONMENT,
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const [, output] = await Promise.all([send(child, question), child.output()]);
  const { success, stdout, stderr } = output;
  const decoder = new TextDecoder();
  if (!success) throw new Error(`go run ${program.package} failed: ${decoder.decode(stderr)}`);
  return JSON.parse(decoder.decode(stdout)) as T;
}

async function send(child: Deno.ChildProcess, question: unknown): Promise<void> {
  const writer = child.stdin.getWriter();
  try {
    await writer.write(new TextEncoder().encode(JSON.stringify(question)));
    await writer.close();
  } catch (error) {
    // One that does not build reads nothing, and says why by its end.
    if (!(error instanceof Deno.errors.BrokenPipe)) throw error;
  }
}

/**
 * What of Go is lacking; undefined where it is there, and in CI, where nothing may be skipped.
 * `deno task test:fast` builds nothing.
 */
export function lackOfGo(
  env: (name: string) => string | undefined = (name) => Deno.env.get(name),
): string | undefined {
  if (env(NO_BUILD)) return "needs Go, which this task does without";
  if (!["", "0", "false"].includes(env("CI") ?? "")) return undefined;
  try {
    new Deno.Command("go", { args: ["version"], stdin: "null" }).outputSync();
    return undefined;
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    return "needs Go: put it on PATH";
  }
}

/** As `test`, for what asks Go: where that is lacking the test is ignored, and its name says why. */
export function whereGoIs(test: TestOnApiServer): TestOnApiServer {
  const lack = lackOfGo();
  if (lack === undefined) return test;
  return (name) => Deno.test({ ...needing(name, lack), fn: () => {} });
}
