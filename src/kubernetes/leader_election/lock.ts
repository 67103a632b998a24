import type { Clock } from "../../runtime/time/clock.ts";
import { ApiError, isAlreadyExists, isConflict, isNotFound } from "../http/errors.ts";
import { withTimeLimit } from "../http/time_limit.ts";
import type { ResourceClient } from "../resources/resource_client.ts";
import type { Durations } from "./durations.ts";
import { type LeasePlace, type LeaseProblems, type LeaseVerb, nameOf } from "./problems.ts";
import type { Lease, LeaseRecord } from "./record.ts";
import { decide, type Decision, type Instant, observe, released, type Sight } from "./state.ts";

/** The part of a client for Leases that an election needs. */
export type LeaseClient = Pick<ResourceClient<Lease>, "get" | "create" | "update">;

/** What a lock works with. `monotonic` answers ms that never step back or ahead. */
export interface LeaseLockOptions {
  readonly leases: LeaseClient;
  readonly place: LeasePlace;
  readonly identity: string;
  readonly clock: Clock;
  readonly monotonic: () => number;
  readonly durations: Durations;
  readonly problems: LeaseProblems;
  /** A request got no answer: the connection may be dead, and a new one should be made. */
  readonly onTimeout: () => void;
}

/** How an attempt ended. Times are monotonic ms. */
export type LeaseAttempt =
  | { readonly kind: "held"; readonly sentAt: number }
  | { readonly kind: "other"; readonly holder: string; readonly freeAt: number }
  | { readonly kind: "failed"; readonly error: unknown };

/** How giving back ended: done, not needed as the lease is not this process's, or told of. */
export type Release = "released" | "foreign" | "failed";

/** A write may be overtaken by another's write, and that one by a deletion. */
const MOST_ROUNDS = 3;

/** One Lease, with what this process knows of it. Carries out what state.ts decides. */
export class LeaseLock {
  readonly #options: LeaseLockOptions;
  #sight: Sight = { seen: undefined, exists: false };
  #verb: LeaseVerb = "get";
  /** A write was sent and its outcome is not known. */
  #inDoubt = false;

  constructor(options: LeaseLockOptions) {
    this.#options = options;
  }

  /** The server may hold this process for the holder. */
  get mayBeHeld(): boolean {
    return this.#inDoubt || this.#isMine();
  }

  /**
   * Tries to get the lease, or to keep it when `leading`. Never rejects: a failure is told of and
   * answered. A leader first writes on top of what it wrote last, without reading.
   */
  async attempt(leading: boolean, signal: AbortSignal): Promise<LeaseAttempt> {
    try {
      const attempt = await this.#contend(leading, signal);
      this.#options.problems.solved();
      return attempt;
    } catch (error) {
      if (!signal.aborted) this.#failed(error);
      return { kind: "failed", error };
    }
  }

  /**
   * Gives the lease back, if it is this process's, within `durations.releaseMs`. To be called only
   * when all that the lease protects has ended. Never rejects.
   */
  async release(): Promise<Release> {
    const { clock, durations, place } = this.#options;
    const what = `release of Lease ${nameOf(place)}`;
    try {
      return await withTimeLimit(
        { clock, limitMs: durations.releaseMs, what },
        (signal) => this.#giveBack(signal),
      );
    } catch (error) {
      this.#failed(error);
      return "failed";
    }
  }

  async #contend(leading: boolean, signal: AbortSignal): Promise<LeaseAttempt> {
    for (let round = 1;; round++) {
      if (!leading || round > 1) await this.#read(signal);
      const now = this.#now();
      const decision = decide(this.#sight, this.#contender(leading), now);
      if (decision.kind === "yield") return { ...decision, kind: "other" };
      try {
        await this.#carryOut(decision, signal);
        return { kind: "held", sentAt: now.monotonic };
      } catch (error) {
        if (round === MOST_ROUNDS || !isOvertaken(decision, error)) throw error;
      }
    }
  }

  async #giveBack(signal: AbortSignal): Promise<Release> {
    for (let round = 1;; round++) {
      if (this.#inDoubt || round > 1) await this.#read(signal);
      const { seen, exists } = this.#sight;
      if (!exists || !seen || !this.#isMine()) return "foreign";
      const record = released(seen.record, this.#now());
      try {
        await this.#carryOut({ kind: "update", seen, record }, signal);
        return "released";
      } catch (error) {
        if (round === MOST_ROUNDS || !isConflict(error)) throw error;
      }
    }
  }

  async #read(signal: AbortSignal): Promise<void> {
    const { leases, place } = this.#options;
    try {
      const lease = await this.#call(
        "get",
        signal,
        (own) => leases.get(place.namespace, place.name, { signal: own }),
      );
      const seen = observe(this.#sight.seen, lease, this.#options.monotonic());
      this.#sight = { seen, exists: true };
    } catch (error) {
      if (!isNotFound(error)) throw error;
      this.#sight = { seen: this.#sight.seen, exists: false };
    }
    this.#inDoubt = false;
  }

  async #carryOut(
    decision: Exclude<Decision, { kind: "yield" }>,
    signal: AbortSignal,
  ): Promise<void> {
    const { leases, place, monotonic } = this.#options;
    const { namespace } = place;
    const lease = this.#leaseFor(decision);
    const verb = decision.kind;
    this.#inDoubt = true;
    try {
      const written = await this.#call(
        verb,
        signal,
        (own) => leases[verb](namespace, lease, { signal: own }),
      );
      this.#sight = { seen: observe(undefined, written, monotonic()), exists: true };
      this.#inDoubt = false;
    } catch (error) {
      if (isRefusal(error)) this.#inDoubt = false;
      throw error;
    }
  }

  #leaseFor(decision: Exclude<Decision, { kind: "yield" }>): Lease {
    const spec: LeaseRecord = decision.record;
    return decision.kind === "create"
      ? { metadata: { ...this.#options.place }, spec }
      : { ...decision.seen.lease, spec };
  }

  async #call<T>(
    verb: LeaseVerb,
    signal: AbortSignal,
    work: (signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    const { clock, durations, place } = this.#options;
    this.#verb = verb;
    // Half the deadline, as in controller-runtime, so that a hanging request leaves time for another.
    const limitMs = durations.renewDeadlineMs / 2;
    return await withTimeLimit(
      { clock, limitMs, signal, what: `${verb} of Lease ${nameOf(place)}` },
      work,
    );
  }

  #failed(error: unknown): void {
    this.#options.problems.failed(this.#verb, error);
    if (error instanceof ApiError && error.reason === "Timeout") this.#options.onTimeout();
  }

  #isMine(): boolean {
    return this.#sight.seen?.record.holderIdentity === this.#options.identity;
  }

  #contender(leading: boolean) {
    const { identity, durations } = this.#options;
    return { identity, leaseMs: durations.leaseMs, leading };
  }

  #now(): Instant {
    return { monotonic: this.#options.monotonic(), wall: this.#options.clock.now() };
  }
}

/** The server decided against the write, so it has not taken place. */
function isRefusal(error: unknown): boolean {
  return error instanceof ApiError && error.code >= 400 && error.code < 500 && error.code !== 408;
}

/** Somebody else wrote or deleted in between, so that a new look may lead further. */
function isOvertaken(decision: Decision, error: unknown): boolean {
  return isConflict(error) || isAlreadyExists(error) ||
    (decision.kind === "update" && isNotFound(error));
}
