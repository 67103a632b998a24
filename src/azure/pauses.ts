import { type Clock, isBetween } from "../runtime/clock.ts";
import { AzureError, type AzureFailure } from "./errors.ts";

/** A proxy in the way may name any time; nobody waits longer than this on its word. */
export const LONGEST_RETRY_AFTER_MS = 60 * 60_000;

interface Pause {
  readonly failure: AzureFailure;
  /** Milliseconds since the epoch. */
  readonly beganAt: number;
  readonly endsAt: number;
}

/**
 * The services that asked to be left alone for a time (Retry-After, RFC 9110 section 10.2.3), so
 * that what one caller was told holds for all that would ask the same service.
 */
export class Pauses {
  readonly #clock: Pick<Clock, "now">;
  readonly #pauses = new Map<string, Pause>();

  constructor(clock: Pick<Clock, "now">) {
    this.#clock = clock;
  }

  /** Notes how long the service at `key` asked to be left alone, if `error` tells of that. */
  note(key: string, error: unknown): void {
    const waitMs = askedToWait(error);
    if (waitMs === 0) return;
    const beganAt = this.#clock.now();
    this.#forgetEnded(beganAt);
    const endsAt = beganAt + Math.min(waitMs, LONGEST_RETRY_AFTER_MS);
    if (endsAt < (this.#pauses.get(key)?.endsAt ?? 0)) return;
    this.#pauses.set(key, { failure: (error as AzureError).failure, beganAt, endsAt });
  }

  /** Throws what the service answered, with what is left of its time, while that lasts. */
  check(key: string): void {
    const pause = this.#pauses.get(key);
    const now = this.#clock.now();
    if (pause === undefined || !isOn(pause, now)) return;
    throw new AzureError({ ...pause.failure, retryAfterMs: pause.endsAt - now });
  }

  #forgetEnded(now: number): void {
    for (const [key, pause] of this.#pauses) {
      if (!isOn(pause, now)) this.#pauses.delete(key);
    }
  }
}

function isOn({ beganAt, endsAt }: Pause, now: number): boolean {
  return isBetween(now, beganAt, endsAt);
}

/** Milliseconds; 0 where the service did not ask for any. */
function askedToWait(error: unknown): number {
  if (!(error instanceof AzureError)) return 0;
  const { class: failureClass, endpoint, retryAfterMs = 0 } = error.failure;
  // Not Azure asked for that, and it concerns one ServiceAccount.
  if (endpoint === "tokenrequest") return 0;
  return failureClass === "throttled" || failureClass === "transient" ? retryAfterMs : 0;
}
