import { type Clock, isBetween } from "../runtime/time/clock.ts";
import { AzureError, type AzureFailure } from "./errors.ts";

/** A proxy in the way may name any time; nobody waits longer than this on its word. */
export const LONGEST_RETRY_AFTER_MS = 60 * 60_000;

/** Tenants may name any number of hosts and clients; the pauses that began last are kept. */
const MOST_KEPT = 1000;

interface Pause {
  readonly failure: AzureFailure;
  /** Milliseconds since the epoch. */
  readonly beganAt: number;
  readonly endsAt: number;
}

/**
 * The services that asked to be left alone for a time (Retry-After, RFC 9110 section 10.2.3). What
 * one caller was told holds for all that would ask the same service in the same name. It holds for
 * nobody else: a tenant may bring it about by the registry, the client or the scope that it names.
 */
export class Pauses {
  readonly #clock: Pick<Clock, "now">;
  readonly #pauses = new Map<string, Pause>();

  constructor(clock: Pick<Clock, "now">) {
    this.#clock = clock;
  }

  /** How many are held. */
  get size(): number {
    return this.#pauses.size;
  }

  /**
   * Notes how long the service at `key` asked to be left alone, if `error` tells of that: by those
   * namespaces, or by everybody.
   */
  note(key: string, error: unknown, namespaces: Iterable<string> = EVERYBODY): void {
    const waitMs = askedToWait(error);
    if (waitMs === 0) return;
    const beganAt = this.#clock.now();
    this.#forgetEnded(beganAt);
    const endsAt = beganAt + Math.min(waitMs, LONGEST_RETRY_AFTER_MS);
    const pause = { failure: (error as AzureError).failure, beganAt, endsAt };
    for (const namespace of namespaces) this.#begin(keyOf(key, namespace), pause);
  }

  /**
   * Throws what the service answered, with what is left of its time, while that lasts for each of
   * those namespaces or for everybody.
   */
  check(key: string, namespaces: Iterable<string> = []): void {
    const now = this.#clock.now();
    let own: Pause | undefined;
    for (const namespace of namespaces) {
      own = this.#on(key, namespace, now);
      if (own === undefined) break;
    }
    const pause = own ?? this.#on(key, EVERYBODY[0], now);
    if (pause === undefined) return;
    throw new AzureError({ ...pause.failure, retryAfterMs: pause.endsAt - now });
  }

  #begin(key: string, pause: Pause): void {
    if (pause.endsAt < (this.#pauses.get(key)?.endsAt ?? 0)) return;
    this.#pauses.delete(key);
    this.#pauses.set(key, pause);
    if (this.#pauses.size <= MOST_KEPT) return;
    const [oldest] = this.#pauses.keys();
    this.#pauses.delete(oldest!);
  }

  #on(key: string, namespace: string, now: number): Pause | undefined {
    const pause = this.#pauses.get(keyOf(key, namespace));
    return pause !== undefined && isOn(pause, now) ? pause : undefined;
  }

  #forgetEnded(now: number): void {
    for (const [key, pause] of this.#pauses) {
      if (!isOn(pause, now)) this.#pauses.delete(key);
    }
  }
}

/** No namespace has that name. */
const EVERYBODY = ["*"] as const;

function keyOf(key: string, namespace: string): string {
  return JSON.stringify([key, namespace]);
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
