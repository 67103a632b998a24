const STEP_MS = 50;
/** Nothing of the operator waits longer than this between two writes of one binding. */
const QUIET_MS = 600;
const DEADLINE_MS = 15_000;

/**
 * What `observe` answers once it has answered the same for a while, polled in real time, since
 * real servers take real time.
 */
export async function settled<T>(observe: () => Promise<T>): Promise<T> {
  const deadline = performance.now() + DEADLINE_MS;
  let last = "";
  let since = performance.now();
  while (performance.now() < deadline) {
    const value = await observe();
    const text = JSON.stringify(value);
    if (text !== last) since = performance.now();
    if (performance.now() - since >= QUIET_MS) return value;
    last = text;
    await new Promise((resolve) => setTimeout(resolve, STEP_MS));
  }
  throw new Error(`the state does not settle within ${DEADLINE_MS / 1000} s: ${last}`);
}
