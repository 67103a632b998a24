const POLL_MS = 25;

/**
 * Asks `probe` again and again until it answers something other than undefined, `deadlineMs` at most.
 *
 * @throws {Error} saying what has not come to pass. What `probe` throws passes through.
 */
export async function eventually<T>(
  what: string,
  probe: () => T | undefined | Promise<T | undefined>,
  deadlineMs = 10_000,
): Promise<T> {
  const deadline = performance.now() + deadlineMs;
  while (true) {
    const found = await probe();
    if (found !== undefined) return found;
    if (performance.now() > deadline) throw new Error(`within ${deadlineMs} ms not so: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}
