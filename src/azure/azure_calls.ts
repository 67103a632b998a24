import { backoffBound } from "../runtime/time/backoff.ts";
import { sleep } from "../runtime/time/clock.ts";
import { reachability } from "./connection_rules.ts";
import type { Askers } from "./askers.ts";
import { AzureError } from "./errors.ts";
import { FairGate } from "./fair_gate.ts";
import { HostLimiter } from "./host_limiter.ts";
import type { HostLimits } from "./host_limits.ts";
import { ImdsSilences } from "./imds_silences.ts";
import type { AzureTransport } from "./request.ts";
import { IMDS_LIMITS, Limiter } from "./limiter.ts";
import { Pauses } from "./pauses.ts";
import { PROBE_MS, Probes } from "./probes.ts";

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

/**
 * Assertions that are under way or wait for their call, so that no more of them are in memory. The
 * API server may take 30 s for one, where a webhook of a tenant hangs: one namespace gets a fifth of
 * the places, and each further one a fifth of the rest.
 */
const ASSERTION_PLACES = { places: 40, forUrgent: 8, forOthers: 10, alpha: 1 / 4 };

/** Who waits for IMDS waits this long without a word; a longer pause its binding should tell of. */
const LONGEST_WAIT_MS = 5000;
/** IMDS counts by the second. */
const IMDS_PAUSE = { firstMs: 1000, longestMs: LONGEST_WAIT_MS };
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

/** Of these, as many as may be asked for what is likely to hang, so that two are left to the others. */
const IMDS_DOUBTFUL_PLACES: HostLimits = {
  together: 1,
  perHost: 1,
  unknown: { together: 1, perHost: 1 },
  silent: { together: 1, perHost: 1 },
  urgent: { together: 1, perHost: 1 },
};

/**
 * The way to Azure, which namespaces share. None waits for the calls of another, and none is told of
 * a pause that another brought about; but who has its last try is held back by no pause at all.
 */
export class AzureCalls {
  readonly #options: AzureCallsOptions;
  readonly #hosts: HostLimiter;
  readonly #assertions: FairGate;
  readonly #imds: HostLimiter;
  readonly #doubtfulImds: HostLimiter;
  readonly #silences: ImdsSilences;
  readonly #probes: Probes;
  readonly #pace: Limiter;
  readonly #pauses: Pauses;
  /** How often in a row IMDS refused calls for their haste. */
  #imdsRefusals = 0;

  constructor(options: AzureCallsOptions) {
    const { clock, limits, signal } = options;
    this.#options = options;
    this.#hosts = new HostLimiter(limits, clock, signal);
    this.#assertions = new FairGate(ASSERTION_PLACES, clock, signal);
    this.#imds = new HostLimiter(IMDS_PLACES, clock, signal);
    this.#doubtfulImds = new HostLimiter(IMDS_DOUBTFUL_PLACES, clock, signal);
    this.#silences = new ImdsSilences(clock);
    this.#probes = new Probes(clock);
    this.#pace = new Limiter(IMDS_LIMITS, clock);
    this.#pauses = new Pauses(clock);
  }

  /**
   * Calls Entra or a registry when the host has a place. Rejects with what `call` rejects with, with
   * what others were told in the same name, with the failure of another call that the host did not
   * answer, or with the abort reason. Pauses hold for all that name `pauseKey`.
   */
  async toHost<T>(host: string, askers: Askers, call: Call<T>, pauseKey = host): Promise<T> {
    const { namespaces } = askers;
    this.#checkPause(pauseKey, askers);
    return await this.#hosts.run(host, async (state) => {
      await this.#checkInPlace(pauseKey, askers);
      try {
        const longest = state === "unknown" ? { longestMs: FIRST_CALL_MS } : {};
        return await call({ ...this.#options, ...longest }, this.#options.signal);
      } catch (error) {
        this.#pauses.note(pauseKey, error, namespaces);
        throw error;
      }
    }, askers);
  }

  /**
   * The same with an assertion, which is had before the call holds any place of the host: what makes
   * it may hang for one namespace. Rejects with what `assert` rejects with, too.
   */
  async toHostWith<A, T>(
    host: string,
    askers: Askers,
    assert: (signal: AbortSignal) => Promise<A>,
    call: (assertion: A, ...sending: Parameters<Call<T>>) => Promise<T>,
    pauseKey = host,
  ): Promise<T> {
    this.#checkPause(pauseKey, askers);
    const giveBack = await this.#assertions.enter(askers);
    try {
      await this.#checkInPlace(pauseKey, askers);
      const assertion = await assert(this.#options.signal);
      return await this.toHost(host, askers, (...sending) => {
        giveBack();
        return call(assertion, ...sending);
      }, pauseKey);
    } finally {
      giveBack();
    }
  }

  /**
   * The same for IMDS, which takes so many calls a second. It may hang for one `identity` alone: what
   * is likely to hang has one place, and what may hang gives way to those that wait.
   */
  async toImds<T>(identity: string, askers: Askers, call: Call<T>): Promise<T> {
    this.#checkPause(IMDS, askers);
    if (this.#silences.isDoubtful(identity, askers.namespaces)) {
      return await this.#doubtfulImds.run(
        IMDS,
        () => this.#inImdsPlace(askers, (signal) => this.#askImds(identity, askers, call, signal)),
        askers,
      );
    }
    if (this.#silences.isProven(identity)) {
      return await this.#inImdsPlace(
        askers,
        (signal) => this.#askImds(identity, askers, call, signal),
      );
    }
    return await this.#inImdsPlace(askers, (signal) =>
      this.#probes.run(
        signal,
        gaveWay,
        (own, restart) => this.#askImds(identity, askers, call, own, restart),
      ));
  }

  /** Runs `ask` when IMDS has a place, and the time has come by its pace. */
  async #inImdsPlace<T>(
    askers: Askers,
    ask: (signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    const { signal } = this.#options;
    const waited = this.#probes.wait();
    try {
      return await this.#imds.run(IMDS, async () => {
        waited();
        await this.#checkInPlace(IMDS, askers);
        return await this.#pace.run(signal, () => {
          this.#checkPause(IMDS, askers);
          return ask(signal);
        });
      }, askers);
    } finally {
      waited();
    }
  }

  async #askImds<T>(
    identity: string,
    { namespaces }: Askers,
    call: Call<T>,
    signal: AbortSignal,
    onRepeat: () => void = () => {},
  ): Promise<T> {
    const beforeRepeat = async (signal: AbortSignal) => {
      await this.#pace.again(signal);
      onRepeat();
    };
    try {
      const result = await call({ ...this.#options, beforeRepeat }, signal);
      this.#imdsRefusals = 0;
      this.#silences.note(identity, namespaces, true);
      return result;
    } catch (error) {
      if (error instanceof AzureError) {
        this.#silences.note(identity, namespaces, error.failure.reason !== "TimedOut");
      }
      this.#slowDown(error, namespaces);
      throw error;
    }
  }

  #checkPause(key: string, { lane, namespaces }: Askers): void {
    if (lane !== "last") this.#pauses.check(key, namespaces);
  }

  /** Thousands may have waited for a place in which to be told: that is work for many turns. */
  async #checkInPlace(key: string, askers: Askers): Promise<void> {
    try {
      this.#checkPause(key, askers);
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
    this.#imdsRefusals++;
    this.#pace.pause(Math.max(backoffBound(IMDS_PAUSE, this.#imdsRefusals), retryAfterMs));
  }
}

/** The failure of a call to IMDS behind which others waited. */
function gaveWay(): AzureError {
  return new AzureError({
    endpoint: "imds",
    host: "IMDS",
    class: "transient",
    reason: "TimedOut",
    problem: `IMDS did not answer within ${PROBE_MS / 1000} s, and other calls wait for it`,
    remedy: reachability("imds"),
  });
}
