const POLL_MS = 25;

/**
 * Asks `probe` again and again, in real time, until it answers something other than undefined.
 * Throws after 10 s, saying what has not come to pass.
 */
export async function eventually<T>(
  what: string,
  probe: () => Promise<T | undefined> | T | undefined,
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
