/** Time as the operator sees it: passed in everywhere, so that tests move it. */
export interface Clock {
  /** Milliseconds since the Unix epoch. */
  now(): number;
  /** Runs `callback` once after `delayMs`. Answers a function that cancels it. */
  after(delayMs: number, callback: () => void): () => void;
}

/** setTimeout takes a signed 32-bit number of milliseconds; a longer delay fires at once. */
const LONGEST_TIMEOUT_MS = 2 ** 31 - 1;

/** The machine's own clock. Delays longer than 24.8 days are cut to that. */
export const systemClock: Clock = {
  now: () => Date.now(),
  after(delayMs, callback) {
    const id = setTimeout(callback, Math.min(Math.max(0, delayMs), LONGEST_TIMEOUT_MS));
    return () => clearTimeout(id);
  },
};

/**
 * Whether what began at `from` and ends at `until` is not over. A wall clock that was set back behind
 * its beginning tells nothing of it: it must not then last as long as the step.
 */
export function isBetween(now: number, from: number, until: number): boolean {
  return from <= now && now < until;
}

/** Whether less than `spanMs` have passed since `since`, by the same rule. */
export function isWithin(now: number, since: number, spanMs: number): boolean {
  return isBetween(now, since, since + spanMs);
}

/**
 * Resolves after `delayMs` of `clock`. Rejects with the signal's reason when `signal` aborts first,
 * and then leaves no timer behind.
 */
export function sleep(clock: Clock, delayMs: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason);
    const onAbort = () => {
      cancel();
      reject(signal!.reason);
    };
    const cancel = clock.after(delayMs, () => {
      signal?.removeEventListener("abort", onAbort);
      resolve();
    });
    signal?.addEventListener("abort", onAbort, { once: true });
  });
}
