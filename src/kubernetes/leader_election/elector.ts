import { type Clock, sleep } from "../../runtime/time/clock.ts";
import type { Random } from "../../runtime/random.ts";
import type { Logger } from "../../telemetry/log/logger.ts";
import { completeDurations, type Durations } from "./durations.ts";
import { type LeaseAttempt, type LeaseClient, LeaseLock } from "./lock.ts";
import { LeaseProblems, nameOf } from "./problems.ts";
import { type LeadershipLost, Term } from "./term.ts";

export type { LeaseClient } from "./lock.ts";
export { LeadershipLost } from "./term.ts";

/** A step of the election that others may want to count or show. An empty holder means nobody. */
export type LeadershipChange =
  | { readonly kind: "waiting"; readonly holder: string }
  | { readonly kind: "leading" }
  | { readonly kind: "lost"; readonly reason: LeadershipLost }
  | { readonly kind: "released" }
  | { readonly kind: "unreleased"; readonly because: "foreign" | "failed" };

/** What an election works with. */
export interface LeaderElectorOptions {
  readonly leases: LeaseClient;
  readonly namespace: string;
  readonly name: string;
  /** Unique to this process; see `leaderIdentity`. */
  readonly identity: string;
  readonly clock: Clock;
  /**
   * Milliseconds that only ever advance, such as `() => performance.now()`. Expiry is judged by
   * these: were it the wall clock, setting that ahead would make two leaders.
   */
  readonly monotonic: () => number;
  readonly random: Random;
  readonly log: Logger;
  readonly durations?: Partial<Durations>;
  /** Called at each change, after its log line. Must not throw. */
  readonly onChange?: (change: LeadershipChange) => void;
  /** Called when a request got no answer in time, so that connections can be made anew. */
  readonly onTimeout?: () => void;
}

/**
 * A candidate looks again after 75 to 90 % of the retry period. client-go stretches the period by
 * up to 120 % instead. A candidate may then see the last renewal 4.4 s late, and take over that
 * much later than the lease's 15 s. This way it is under 17 s, with 0.2 s left for the requests.
 */
const JITTER = { least: 0.75, spread: 0.15 };

/**
 * Leader election by a Lease, as by client-go's tools/leaderelection (15 s lease, 10 s renew
 * deadline, 2 s retry period), and with it: a Go operator may contend for the same Lease.
 */
export class LeaderElector {
  readonly #options: LeaderElectorOptions;
  readonly #durations: Durations;
  readonly #lease: string;
  readonly #lock: LeaseLock;
  #term: Term | undefined;
  #running = false;
  #holder: string | undefined;

  /** Throws a RangeError on durations under which two could lead at once. */
  constructor(options: LeaderElectorOptions) {
    if (options.identity === "") throw new RangeError("identity of the leader election is empty");
    const { namespace, name, log } = options;
    const place = { namespace, name };
    this.#options = options;
    this.#durations = completeDurations(options.durations);
    this.#lease = nameOf(place);
    this.#lock = new LeaseLock({
      ...options,
      place,
      durations: this.#durations,
      problems: new LeaseProblems(log, place),
      onTimeout: options.onTimeout ?? (() => {}),
    });
  }

  /** This process leads, and by the time that has passed no other can have begun to. */
  get isLeader(): boolean {
    return this.#term?.isValid ?? false;
  }

  /**
   * To be called before each write. Where the time of the lease has run out and no timer has said so
   * yet, as after a stop of the process, it ends the leadership, whose signal then aborts.
   */
  check(): void {
    this.#term?.check();
  }

  /**
   * Waits for the lease, calls `lead` once, keeps renewing until it has ended, and gives the lease
   * back. `lead` must stop writing when its signal aborts, and settle when it has stopped.
   *
   * Resolves when `signal` has aborted or `lead` has resolved. Rejects, once `lead` has settled,
   * with `LeadershipLost` when leadership was lost, else with what `lead` rejected with, unless that
   * only says that it was aborted. The lease is given back in all cases but a loss.
   */
  async run(signal: AbortSignal, lead: (leadership: AbortSignal) => Promise<void>): Promise<void> {
    if (this.#running) throw new Error(`Lease ${this.#lease} is already contended for here`);
    this.#running = true;
    try {
      const acquiredAt = await this.#acquire(signal);
      if (acquiredAt !== undefined) await this.#lead(signal, acquiredAt, lead);
      else if (this.#lock.mayBeHeld) await this.#release();
    } finally {
      this.#running = false;
    }
  }

  /** Answers the monotonic time of the write that made this process leader, if none aborted. */
  async #acquire(signal: AbortSignal): Promise<number | undefined> {
    this.#holder = undefined;
    while (!signal.aborted) {
      const attempt = await this.#lock.attempt(false, signal);
      if (signal.aborted) return undefined;
      if (attempt.kind === "held") return attempt.sentAt;
      if (attempt.kind === "other") this.#reportHolder(attempt.holder);
      await this.#pause(this.#untilNextLook(attempt), signal);
    }
    return undefined;
  }

  async #lead(
    root: AbortSignal,
    acquiredAt: number,
    lead: (leadership: AbortSignal) => Promise<void>,
  ): Promise<void> {
    const { clock, monotonic } = this.#options;
    const { renewDeadlineMs } = this.#durations;
    const term = new Term(
      { clock, monotonic, renewDeadlineMs, lease: this.#lease, root },
      acquiredAt,
    );
    this.#term = term;
    this.#report({ kind: "leading" });
    term.signal.addEventListener("abort", () => this.#reportLoss(term), { once: true });
    const renewing = this.#renew(term, acquiredAt);
    const outcome = await settled(() => lead(term.signal));
    term.end();
    await renewing;
    if (term.lost === undefined) await this.#release();
    rethrow(term, outcome, this.#options.log);
  }

  async #renew(term: Term, acquiredAt: number): Promise<void> {
    const { monotonic } = this.#options;
    let startedAt = acquiredAt;
    while (!term.renewing.aborted) {
      await this.#pause(startedAt + this.#durations.retryPeriodMs - monotonic(), term.renewing);
      if (term.renewing.aborted) return;
      startedAt = monotonic();
      const attempt = await this.#lock.attempt(true, term.renewing);
      if (term.renewing.aborted) return;
      if (attempt.kind === "held") term.renewed(attempt.sentAt);
      if (attempt.kind === "other") term.lose(heldBy(attempt.holder));
    }
  }

  async #release(): Promise<void> {
    const outcome = await this.#lock.release();
    if (outcome === "released") this.#report({ kind: outcome });
    else this.#report({ kind: "unreleased", because: outcome });
  }

  /** A candidate wakes at the very end of the holder's time, when that comes before its next look. */
  #untilNextLook(attempt: LeaseAttempt): number {
    const { monotonic, random } = this.#options;
    const jitter = JITTER.least + JITTER.spread * random();
    const look = this.#durations.retryPeriodMs * jitter;
    if (attempt.kind !== "other") return look;
    return Math.min(look, Math.max(1, attempt.freeAt - monotonic()));
  }

  /** Answers, never rejects, also when `signal` ends it early. */
  async #pause(delayMs: number, signal: AbortSignal): Promise<void> {
    if (delayMs <= 0) return;
    await sleep(this.#options.clock, delayMs, signal).catch((error) => {
      if (!signal.aborted) throw error;
    });
  }

  #reportHolder(holder: string): void {
    if (this.#holder === holder) return;
    this.#holder = holder;
    this.#report({ kind: "waiting", holder });
  }

  #reportLoss(term: Term): void {
    if (term.lost) this.#report({ kind: "lost", reason: term.lost });
  }

  #report(change: LeadershipChange): void {
    const { namespace, name, identity, log, onChange } = this.#options;
    tell(change, log.with({ namespace, name, identity }));
    onChange?.(change);
  }
}

function tell(change: LeadershipChange, log: Logger): void {
  switch (change.kind) {
    case "waiting":
      return log.info("waiting for the leader lease", { holder: change.holder });
    case "leading":
      return log.info("became leader");
    case "lost":
      return log.error("leadership lost", { error: change.reason });
    case "released":
      return log.info("leader lease released");
    case "unreleased":
      return change.because === "foreign"
        ? log.info("leader lease is no longer held, so there is nothing to release")
        : log.warn("leader lease could not be released; another leads once it has expired");
  }
}

function heldBy(holder: string): string {
  return holder === "" ? "somebody else has released it" : `it is held by ${holder}`;
}

type Settlement = { readonly ok: true } | { readonly ok: false; readonly error: unknown };

async function settled(work: () => Promise<void>): Promise<Settlement> {
  try {
    await work();
    return { ok: true };
  } catch (error) {
    return { ok: false, error };
  }
}

function rethrow(term: Term, outcome: Settlement, log: Logger): void {
  const failure = outcome.ok || isAbort(term.signal, outcome.error) ? undefined : outcome;
  if (term.lost) {
    if (failure) {
      log.error("work failed while leadership was lost", { error: failure.error });
    }
    throw term.lost;
  }
  if (failure) throw failure.error;
}

function isAbort(signal: AbortSignal, error: unknown): boolean {
  return signal.aborted &&
    (error === signal.reason || (error instanceof Error && error.name === "AbortError"));
}
