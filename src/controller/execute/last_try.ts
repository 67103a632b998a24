import type { Credential, Need } from "../../azure/credentials.ts";
import { type Clock, sleep } from "../../runtime/time/clock.ts";
import { lastTryAt } from "../retry_policy.ts";

/** Longer than any attempt takes: the time-outs of its calls, and waits for places. */
const LONGEST_MS = 10 * 60_000;

/**
 * An attempt at a credential whose predecessor expires at `expiresAt` (milliseconds since the epoch;
 * undefined where there is none). Should it hang when the last try is due, that is made beside it,
 * and the first of the two to succeed counts. Rejects as `mint` does.
 */
export async function mintWithLastTry(
  mint: (need: Need) => Promise<Credential>,
  need: Need,
  expiresAt: number | undefined,
  clock: Clock,
): Promise<Credential> {
  const first = mint(need);
  const leftMs = expiresAt === undefined ? 0 : lastTryAt(expiresAt) - clock.now();
  if (leftMs <= 0 || leftMs > LONGEST_MS) return await first;
  const waiting = new AbortController();
  try {
    const isDue = sleep(clock, leftMs, waiting.signal).then(() => undefined);
    const credential = await Promise.race([first, isDue]);
    if (credential !== undefined) return credential;
  } finally {
    waiting.abort();
  }
  const last = mint({ ...need, lastTry: true });
  return await Promise.any([first, last]).catch(() => last);
}
