import { type Clock, systemClock } from "../../runtime/time/clock.ts";

/** What a command left behind. */
export interface CommandOutput {
  code: number;
  stdout: string;
  stderr: string;
}

/** Runs a command without standard input. Rejects with Deno.errors.NotFound when it is missing. */
export type RunCommand = (
  command: string,
  args: readonly string[],
  options: { env: Record<string, string>; signal: AbortSignal },
) => Promise<CommandOutput>;

/** Where configuration is read from. Only what a configuration names is ever asked for. */
export interface ConfigSources {
  env(name: string): string | undefined;
  /** A text file. Rejects with Deno.errors.NotFound when it is missing. */
  readFile(path: string): Promise<string>;
  run: RunCommand;
  /** Whether Deno allows connections to `host`, a name or address with a port. */
  mayConnect(host: string): boolean;
  clock: Clock;
  /** Between the files of KUBECONFIG. */
  pathListSeparator: string;
}

/** The process's own environment, files and commands. */
export const systemSources: ConfigSources = {
  env: (name) => Deno.env.get(name),
  readFile: (path) => Deno.readTextFile(path),
  run: runCommand,
  mayConnect: (host) => Deno.permissions.querySync({ name: "net", host }).state === "granted",
  clock: systemClock,
  pathListSeparator: Deno.build.os === "windows" ? ";" : ":",
};

async function runCommand(
  command: string,
  args: readonly string[],
  options: { env: Record<string, string>; signal: AbortSignal },
): Promise<CommandOutput> {
  const { code, stdout, stderr } = await new Deno.Command(command, {
    args: [...args],
    env: options.env,
    signal: options.signal,
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).output();
  const decoder = new TextDecoder();
  return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
}

/** A file's text. Rejects with `fail(reason)` when it cannot be read, the reason in few words. */
export async function readOr(
  sources: Pick<ConfigSources, "readFile">,
  path: string,
  fail: (reason: string, cause: unknown) => Error,
): Promise<string> {
  try {
    return await sources.readFile(path);
  } catch (error) {
    throw fail(readFailure(error), error);
  }
}

function readFailure(error: unknown): string {
  if (error instanceof Deno.errors.NotFound) return "does not exist";
  if (error instanceof Deno.errors.PermissionDenied) return "may not be read by this user";
  if (error instanceof Deno.errors.NotCapable) {
    return "may not be read by this process: add it to --allow-read";
  }
  return `cannot be read: ${error instanceof Error ? error.message : String(error)}`;
}
