import type { ApiServer } from "../../sandbox/api_server.ts";
import { obtainBinaries } from "./binaries.ts";

/** How kubectl ended and what it said. */
export interface KubectlResult {
  code: number;
  stdout: string;
  stderr: string;
}

/** Any ApiServer, or whatever else knows how to reach one. */
export type KubectlTarget = Pick<ApiServer, "kubeconfig">;

/** What kubectl is given besides its arguments. */
export interface KubectlOptions {
  /** For `-f -`. */
  stdin?: string;
  /** As in ApiServer.kubeconfig(): the administrator by default. */
  user?: string;
  /** Ends a kubectl that would not end by itself, such as `get --watch`; its output is kept. */
  signal?: AbortSignal;
}

/** Runs kubectl against `api`, with nothing of the user's own configuration, and waits for its end. */
export async function kubectl(
  api: KubectlTarget,
  args: string[],
  options: KubectlOptions = {},
): Promise<KubectlResult> {
  const binaries = await obtainBinaries(["kubectl"]);
  // As HOME it keeps kubectl's discovery cache apart, for ports are used again by other servers.
  const home = await Deno.makeTempDir({ prefix: "msi-acrpull-kubectl-" });
  try {
    const kubeconfig = `${home}/kubeconfig`;
    await Deno.writeTextFile(kubeconfig, JSON.stringify(await api.kubeconfig(options.user)));
    const process = new Deno.Command(binaries.kubectl, {
      args,
      clearEnv: true,
      env: { HOME: home, KUBECONFIG: kubeconfig },
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
      ...(options.signal && { signal: options.signal }),
    }).spawn();
    const [output] = await Promise.all([
      process.output(),
      feed(process.stdin, options.stdin ?? ""),
    ]);
    const decoder = new TextDecoder();
    return {
      code: output.code,
      stdout: decoder.decode(output.stdout),
      stderr: decoder.decode(output.stderr),
    };
  } finally {
    await Deno.remove(home, { recursive: true });
  }
}

/**
 * As kubectl(), for calls that have to succeed. Answers the standard output.
 *
 * @throws {Error} with what kubectl said when it ends with another status than 0.
 */
export async function kubectlOk(
  api: KubectlTarget,
  args: string[],
  options: KubectlOptions = {},
): Promise<string> {
  const { code, stdout, stderr } = await kubectl(api, args, options);
  if (code === 0) return stdout;
  throw new Error(`kubectl ${args.join(" ")} ended with status ${code}: ${stderr}${stdout}`);
}

async function feed(stdin: WritableStream<Uint8Array>, text: string): Promise<void> {
  try {
    await new Blob([text]).stream().pipeTo(stdin);
  } catch (error) {
    // kubectl ended without reading all of it; its status and output tell why.
    if (!(error instanceof Deno.errors.BrokenPipe)) throw error;
  }
}
