import type { Urgency } from "../runtime/fairness/fair_line.ts";
import { Askers } from "./askers.ts";
import type { Asking } from "./shared_results.ts";

/**
 * Who asks for a credential, and what it has already. Moments in milliseconds since the epoch.
 */
export interface Need {
  /** Namespaces share what is waited for: one's many bindings delay no other's. */
  readonly namespace?: string;
  /** When what it has expires; absent where it has nothing that serves. */
  readonly expiresAt?: number;
  /** When the one was minted that is to be refreshed: it must not be given the same again. */
  readonly newerThan?: number;
  /** When it was last told of a failure: one that came later is news to it, and needs no attempt. */
  readonly failedAt?: number;
  /**
   * What it has expires before there can be another try: neither a failure of others nor the time
   * that a service asked for holds this one back.
   */
  readonly lastTry?: boolean;
}

/**
 * So long before it expires a credential goes before all that have more time, or nothing to lose.
 * A worker of the controller has a limit of its own, which is shorter.
 */
const AZURE_URGENT_MS = 15 * 60_000;

/** Those in whose names, and in which lane, whatever the need calls for is waited for. */
export function askersOf(need: Need, now: number): Askers {
  const { namespace = "", lastTry = false } = need;
  const urgency = urgencyOf(need, now);
  const asker = urgency === undefined ? { namespace } : { namespace, urgency };
  return new Askers([asker], lastTry ? "last" : "usual");
}

/**
 * From when on what is asked for goes first. What has expired has nothing more to lose than what
 * never was, and any tenant could have the operator believe it of thousands.
 */
function urgencyOf({ expiresAt, lastTry }: Need, now: number): Urgency | undefined {
  if (lastTry) return { from: 0, until: expiresAt ?? now };
  if (expiresAt === undefined || expiresAt <= now) return undefined;
  return { from: expiresAt - AZURE_URGENT_MS, until: expiresAt };
}

/** What the need asks of a token that a registry gave. */
export function asking(
  { newerThan = -Infinity, failedAt = -Infinity }: Need,
  askers: Askers,
): Asking<{ readonly mintedAt: number }> {
  return { askers, failedAt, suits: ({ mintedAt }) => mintedAt > newerThan };
}
