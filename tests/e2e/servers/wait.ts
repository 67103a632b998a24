import type { ServerProcess } from "./process.ts";

const POLL_MS = 25;

/**
 * Asks `probe` again and again until it answers something.
 *
 * @throws {ServerError} with the server's last log lines when the server ends meanwhile or when
 * `signal` aborts.
 */
export async function waitUntil<T>(
  process: ServerProcess,
  signal: AbortSignal,
  probe: () => Promise<T | undefined>,
): Promise<T> {
  while (true) {
    const found = await probe();
    if (found !== undefined) return found;
    const { exitStatus } = process;
    if (exitStatus !== undefined) throw await process.failure(`ended with status ${exitStatus}`);
    if (signal.aborted) throw await process.failure(`is not ready (${signal.reason})`);
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}
