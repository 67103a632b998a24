import { ServerProcess } from "../../e2e/servers/process.ts";
import type { Cgroup } from "../machine/cgroup.ts";
import { cpuSecondsOf, exactCpuSecondsOf, type Memory, memoryOf } from "../machine/proc.ts";
import { parseExposition, type Sample } from "./exposition.ts";

/** What to run, and in which surroundings. */
export interface OperatorOptions {
  /** The program with its arguments, without those that the operator itself takes. */
  readonly command: readonly string[];
  readonly kubeconfig: string;
  /** Of the Lease. */
  readonly namespace: string;
  readonly env: Readonly<Record<string, string>>;
  /** Takes the log and the process's number. */
  readonly directory: string;
  readonly cgroup?: Cgroup;
  /** What it finds in place of /etc/hosts. */
  readonly hostsFile: string;
}

/**
 * Notes its own number, and enters the control groups named up to `--`. Puts the file after that in
 * place of /etc/hosts, for itself alone. Then it becomes the program, with an environment of
 * nothing but what stands before it.
 */
const LAUNCHER = `
echo $$ > "$0"
while [ "$1" != -- ]; do echo $$ > "$1"; shift; done
shift
exec unshare --mount sh -c 'mount --bind "$0" /etc/hosts && exec env -i "$@"' "$@"
`;

const POLL_MS = 1;
const STOP_WITHIN_MS = 5_000;

/** The operator as a process of its own. */
export class OperatorProcess implements AsyncDisposable {
  readonly pid: number;
  /** Moment of `performance.now()`, taken before the process was made. */
  readonly startedAt: number;
  /** Resolves with the exit status when it has ended by itself or was killed. */
  readonly ended: Promise<number>;
  readonly #process: ServerProcess;
  readonly #address: string;

  private constructor(process: ServerProcess, pid: number, startedAt: number, address: string) {
    this.#process = process;
    this.pid = pid;
    this.startedAt = startedAt;
    this.#address = address;
    this.ended = process.ended;
  }

  /** Starts the operator with leader election, as deployed, and resolves once its number is known. */
  static async start(options: OperatorOptions): Promise<OperatorProcess> {
    const address = `127.0.0.1:${freePort()}`;
    const id = crypto.randomUUID().slice(0, 8);
    const pidFile = `${options.directory}/operator-${id}.pid`;
    const startedAt = performance.now();
    const process = new ServerProcess({
      name: "operator",
      executable: "/bin/sh",
      args: [
        ...["-c", LAUNCHER, pidFile, ...(options.cgroup?.procsFiles ?? []), "--"],
        options.hostsFile,
        ...Object.entries(options.env).map(([name, value]) => `${name}=${value}`),
        ...options.command,
        `--kubeconfig=${options.kubeconfig}`,
        "--leader-elect",
        `--leader-election-namespace=${options.namespace}`,
        `--metrics-bind-address=${address}`,
        `--health-probe-bind-address=${address}`,
      ],
      log: `${options.directory}/operator-${id}.log`,
    });
    const pid = await readPid(pidFile, process);
    return new OperatorProcess(process, pid, startedAt, address);
  }

  memory(): Memory {
    return memoryOf(this.pid);
  }

  /** CPU time so far, in seconds. */
  cpuSeconds(): number {
    return cpuSecondsOf(this.pid);
  }

  /** CPU time so far of the threads that live, in seconds. */
  exactCpuSeconds(): number {
    return exactCpuSecondsOf(this.pid);
  }

  /** Where it answers. */
  url(path: string): string {
    return `http://${this.#address}${path}`;
  }

  /** For how long its event loop was kept at most, in seconds. */
  async longestStallSeconds(): Promise<number> {
    return await this.total("acrpull_event_loop_lag_max_seconds");
  }

  /** The sum of all series of that metric. */
  async total(name: string): Promise<number> {
    return (await this.metrics([name])).reduce((sum, { value }) => sum + value, 0);
  }

  /** Its own metrics of these names. */
  async metrics(names: readonly string[]): Promise<Sample[]> {
    const response = await fetch(this.url("/metrics"));
    return parseExposition(await response.text(), names);
  }

  /** Lets it run for so long. Rejects when it ends before. */
  async runFor(ms: number): Promise<void> {
    const passed = Promise.withResolvers<undefined>();
    const timer = setTimeout(() => passed.resolve(undefined), ms);
    const status = await Promise.race([this.ended, passed.promise]);
    clearTimeout(timer);
    if (status !== undefined) throw await this.failure(`ended with status ${status}`);
  }

  /** An error that shows the last lines of the log. */
  failure(what: string): Promise<Error> {
    return this.#process.failure(what);
  }

  /** Ends it as Kubernetes does. Rejects when it does not end in good order. */
  async stop(): Promise<void> {
    Deno.kill(this.pid, "SIGTERM");
    const late = Promise.withResolvers<undefined>();
    const timer = setTimeout(() => late.resolve(undefined), STOP_WITHIN_MS);
    const status = await Promise.race([this.ended, late.promise]);
    clearTimeout(timer);
    if (status === 0) return;
    const what = status === undefined ? "ignores SIGTERM" : `ended with status ${status}`;
    throw await this.failure(what);
  }

  /** Kills it where it still runs. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#process.stop();
  }
}

async function readPid(file: string, process: ServerProcess): Promise<number> {
  for (;;) {
    const text = await Deno.readTextFile(file).catch((error) => {
      if (error instanceof Deno.errors.NotFound) return "";
      throw error;
    });
    if (text.endsWith("\n")) return Number(text);
    if (process.exitStatus !== undefined) throw await process.failure("did not start");
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}
