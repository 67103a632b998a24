import { sleep } from "../runtime/clock.ts";
import { AzureError } from "./errors.ts";
import { HostLimiter } from "./host_limiter.ts";
import type { HostLimits } from "./host_limits.ts";
import type { AzureTransport } from "./request.ts";
import { IMDS_LIMITS, Limiter } from "./limiter.ts";
import { Pauses } from "./pauses.ts";
import type { Caller } from "./waiting_call.ts";

/** What calls need from their surroundings. */
export interface AzureCallsOptions extends AzureTransport {
  /** How many calls to Entra and registries may be under way. */
  readonly limits: HostLimits;
  /** Ends every call and every wait. */
  readonly signal: AbortSignal;
}

/** Carries out one call, within the bounds of the transport. */
export type Call<T> = (transport: AzureTransport, signal: AbortSignal) => Promise<T>;

// The first call to a host shows whether it answers at all. A slow registry may take longer, and is
// given its whole time from then on.
const FIRST_CALL_MS = 20_000;

/** IMDS counts by the second. */
const IMDS_PAUSE_MS = 1000;
/** Who waits for IMDS waits this long without a word; a longer pause its binding should tell of. */
const LONGEST_WAIT_MS = 5000;
const IMDS = "imds";
/** How long a place is kept by one that is told of a pause in it. */
const TELLING_MS = 1;

/**
 * As many as IMDS takes at once, of which only the urgent may have the last two. It may hang for one
 * identity and answer for another, so that each namespace finds out by itself whether it does.
 */
const IMDS_PLACES: HostLimits = {
  together: 3,
  perHost: 3,
  unknown: { together: 3, perHost: 3 },
  silent: { together: 3, perHost: 3 },
  urgent: { together: 2, perHost: 2 },
};

/**
 * The way to Azure, which namespaces share. None waits for the calls of another, and none is told of
 * a pause that another brought about; but who has its last try is held back by no pause at all.
 */
export class AzureCalls {
  readonly #options: AzureCallsOptions;
  readonly #hosts: HostLimiter;
  readonly #imds: HostLimiter;
  readonly #pace: Limiter;
  readonly #pauses: Pauses;
  /** How often in a row IMDS refused calls for their haste. */
  #imdsRefusals = 0;

  constructor(options: AzureCallsOptions) {
    const { clock, limits, signal } = options;
    this.#options = options;
    this.#hosts = new HostLimiter(limits, clock, signal);
    this.#imds = new HostLimiter(IMDS_PLACES, clock, signal);
    this.#pace = new Limiter(IMDS_LIMITS, clock);
    this.#pauses = new Pauses(clock);
  }

  /**
   * Calls Entra or a registry when the host has a place. Rejects with what `call` rejects with, with
   * what others were told in the same name, with the failure of another call that the host did not
   * answer, or with the abort reason. Pauses hold for all that name `pauseKey`.
   */
  async toHost<T>(host: string, caller: Caller, call: Call<T>, pauseKey = host): Promise<T> {
    const { askers: { namespaces } } = caller;
    this.#checkPause(pauseKey, caller);
    return await this.#hosts.run(host, async (state) => {
      await this.#checkInPlace(pauseKey, caller);
      try {
        const longest = state === "unknown" ? { longestMs: FIRST_CALL_MS } : {};
        return await call({ ...this.#options, ...longest }, this.#options.signal);
      } catch (error) {
        this.#pauses.note(pauseKey, error, namespaces);
        throw error;
      }
    }, caller);
  }

  /** The same for IMDS, which takes so many calls a second. */
  async toImds<T>(caller: Caller, call: Call<T>): Promise<T> {
    const { signal } = this.#options;
    const { askers: { namespaces } } = caller;
    const beforeRepeat = (signal: AbortSignal) => this.#pace.again(signal);
    this.#checkPause(IMDS, caller);
    return await this.#imds.run(IMDS, async () => {
      await this.#checkInPlace(IMDS, caller);
      return await this.#pace.run(signal, async () => {
        this.#checkPause(IMDS, caller);
        try {
          const result = await call({ ...this.#options, beforeRepeat }, signal);
          this.#imdsRefusals = 0;
          return result;
        } catch (error) {
          this.#slowDown(error, namespaces);
          throw error;
        }
      });
    }, caller);
  }

  #checkPause(key: string, { askers, isLastTry }: Caller): void {
    if (!isLastTry) this.#pauses.check(key, askers.namespaces);
  }

  /** Thousands may have waited for a place in which to be told: that is work for many turns. */
  async #checkInPlace(key: string, caller: Caller): Promise<void> {
    try {
      this.#checkPause(key, caller);
    } catch (error) {
      await sleep(this.#options.clock, TELLING_MS, this.#options.signal);
      throw error;
    }
  }

  /** IMDS was asked too often, or is in trouble: those who wait wait longer, or are told so. */
  #slowDown(error: unknown, namespaces: Iterable<string>): void {
    if (!(error instanceof AzureError)) return;
    const { class: failureClass, retryAfterMs = 0 } = error.failure;
    const isThrottled = failureClass === "throttled";
    if (retryAfterMs > LONGEST_WAIT_MS) {
      // It counts the calls of the node, whoever's they are; trouble may be with one identity.
      return this.#pauses.note(IMDS, error, isThrottled ? undefined : namespaces);
    }
    if (!isThrottled) return;
    const growingMs = IMDS_PAUSE_MS * 2 ** Math.min(this.#imdsRefusals++, 10);
    this.#pace.pause(Math.min(LONGEST_WAIT_MS, Math.max(growingMs, retryAfterMs)));
  }
}
