import { fileURLToPath } from "node:url";
import { permissionFlags } from "../../deploy/executable/permissions.ts";
import type { Front } from "../sandbox/azure/front.ts";
import type { ApiServer, Kubeconfig } from "../sandbox/api_server.ts";
import { completeLines } from "./complete_lines.ts";
import { eventually } from "./eventually.ts";

const MAIN = fileURLToPath(new URL("../../src/main.ts", import.meta.url));

/** What the parser of a kubeconfig, which a pod does not have, reads when it is loaded. */
const YAML_VARIABLES = ["LOG_TOKENS", "LOG_STREAM"];

/** How a process of the operator is started. */
export interface ProcessOptions {
  readonly args?: readonly string[];
  readonly user?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Where it finds Azure; without it, nowhere. */
  readonly front?: Pick<Front, "imdsUrl" | "caPem" | "env">;
}

/** The operator as a process of its own, as in its pod. */
export class OperatorProcess implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly #directory: string;
  readonly #reading: Promise<void>;
  #log = "";

  private constructor(child: Deno.ChildProcess, directory: string) {
    this.#child = child;
    this.#directory = directory;
    this.#reading = this.#read();
  }

  static async start(
    api: Pick<ApiServer, "kubeconfig">,
    options: ProcessOptions = {},
  ): Promise<OperatorProcess> {
    const directory = await Deno.makeTempDir({ prefix: "msi-acrpull-process-" });
    const kubeconfig = `${directory}/kubeconfig`;
    const cluster = await api.kubeconfig(options.user);
    await Deno.writeTextFile(kubeconfig, JSON.stringify(cluster));
    const ca = `${directory}/ca.pem`;
    await Deno.writeTextFile(ca, options.front?.caPem ?? "");
    const child = new Deno.Command(Deno.execPath(), {
      args: [
        "run",
        "--quiet",
        "--no-prompt",
        ...permissionFlags({
          hosts: hostsOf(options, cluster),
          paths: [
            directory,
            ...cluster.users.flatMap(({ user }) => user.tokenFile ?? []),
            ...valuesOf(options, "--metrics-cert-path"),
          ],
          variables: YAML_VARIABLES,
        }),
        MAIN,
        `--kubeconfig=${kubeconfig}`,
        ...options.args ?? [],
      ],
      env: { ...options.env, ...options.front?.env, ...(options.front ? { DENO_CERT: ca } : {}) },
      stdin: "null",
      stdout: "null",
      stderr: "piped",
    }).spawn();
    return new OperatorProcess(child, directory);
  }

  /** What it has logged so far, up to the last whole line; all of it once it is known to have ended. */
  get log(): string {
    return completeLines(this.#log);
  }

  /** All that it logged, once it has ended. */
  async wholeLog(): Promise<string> {
    await this.#reading;
    return this.#log;
  }

  /** Lines of the log that are JSON, as objects. */
  get lines(): readonly Record<string, unknown>[] {
    return this.log.split("\n").filter((line) => line.startsWith("{"))
      .map((line) => JSON.parse(line) as Record<string, unknown>);
  }

  async logs(what: string): Promise<void> {
    await eventually(`the operator logs ${what}:\n${this.#log}`, () => {
      return this.log.includes(what) || undefined;
    }, 20_000);
  }

  signal(name: Deno.Signal): void {
    this.#child.kill(name);
  }

  /** Sends a signal. Answers how the process ended, and after how many milliseconds. */
  async end(name: Deno.Signal = "SIGTERM"): Promise<{ code: number; tookMs: number }> {
    const startedAt = performance.now();
    this.#child.kill(name);
    const { code } = await this.#child.status;
    const tookMs = performance.now() - startedAt;
    // Its last words may still be in the pipe.
    await this.#reading;
    return { code, tookMs };
  }

  /** How it ended, when it ends by itself. */
  async ended(): Promise<number> {
    const { code } = await this.#child.status;
    await this.#reading;
    return code;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      this.#child.kill("SIGKILL");
    } catch (error) {
      // It has ended already.
      if (!(error instanceof TypeError)) throw error;
    }
    await this.#child.status;
    await this.#reading;
    await Deno.remove(this.#directory, { recursive: true });
  }

  async #read(): Promise<void> {
    for await (const text of this.#child.stderr.pipeThrough(new TextDecoderStream())) {
      this.#log += text;
    }
  }
}

function valuesOf({ args = [] }: ProcessOptions, flag: string): string[] {
  return args.flatMap((arg) => arg.startsWith(`${flag}=`) ? [arg.slice(flag.length + 1)] : []);
}

/**
 * Where this machine's stand-ins for the API server and IMDS are, and the ports that tests choose:
 * all that the executable's own list lacks.
 */
function hostsOf({ args = [], front }: ProcessOptions, { clusters }: Kubeconfig): string[] {
  const listening = args.flatMap((arg) =>
    /-(?:address|addr)=(127\.0\.0\.1:\d+)$/.exec(arg)?.[1] ?? []
  );
  const servers = [clusters[0]!.cluster.server, ...(front ? [front.imdsUrl] : [])];
  return [...servers.map((url) => new URL(url).host), ...listening];
}

/** A port of loopback that was free a moment ago. */
export function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}
