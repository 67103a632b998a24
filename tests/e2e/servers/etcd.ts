import { waitUntil } from "./wait.ts";
import { ServerProcess } from "./process.ts";

/** A running etcd of one member. */
export interface Etcd {
  /** Base URL for clients, on loopback and without TLS. */
  url: string;
  process: ServerProcess;
}

/** Where etcd keeps its files and how long it may take. */
export interface EtcdOptions {
  executable: string;
  directory: string;
  removeWhenStopped?: string;
  signal: AbortSignal;
}

/**
 * Starts etcd on ports that the kernel chooses, and waits until it answers clients.
 *
 * @throws {ServerError} when it ends before that; the signal's reason when that aborts first.
 */
export async function startEtcd(options: EtcdOptions): Promise<Etcd> {
  const process = new ServerProcess({
    name: "etcd",
    executable: options.executable,
    args: flags(options.directory),
    log: `${options.directory}/etcd.log`,
    ...(options.removeWhenStopped && { removeWhenStopped: options.removeWhenStopped }),
  });
  try {
    return { url: await waitUntil(process, options.signal, () => clientUrl(process)), process };
  } catch (error) {
    await process.stop();
    throw error;
  }
}

function flags(directory: string): string[] {
  return [
    `--data-dir=${directory}/etcd`,
    "--listen-client-urls=http://127.0.0.1:0",
    "--advertise-client-urls=http://127.0.0.1:0",
    "--listen-peer-urls=http://127.0.0.1:0",
    // The data is thrown away, so nothing is gained by waiting for the disk.
    "--unsafe-no-fsync",
    // A lone member elects itself only after a whole election timeout, one second by default.
    "--heartbeat-interval=10",
    "--election-timeout=100",
    // The line that names the chosen port is logged at this level.
    "--log-level=info",
  ];
}

/** etcd names the port that the kernel chose nowhere but in its log. */
async function clientUrl(process: ServerProcess): Promise<string | undefined> {
  for (const line of (await process.output()).split("\n")) {
    const address = /"serving client traffic.*"address":"(127\.0\.0\.1:\d+)"/.exec(line)?.[1];
    if (address !== undefined) return `http://${address}`;
  }
  return undefined;
}
