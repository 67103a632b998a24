import type { Clock } from "../../runtime/time/clock.ts";

/**
 * Why a leader is no longer one although it wanted to be. It is the reason with which the signal of
 * leadership aborts, and what `LeaderElector.run` then rejects with.
 */
export class LeadershipLost extends Error {
  override readonly name = "LeadershipLost";
}

/** What a term of leadership is bound by. Times are monotonic ms. */
export interface TermOptions {
  readonly clock: Clock;
  readonly monotonic: () => number;
  readonly renewDeadlineMs: number;
  /** `namespace/name` of the Lease, for messages. */
  readonly lease: string;
  /** Ends the term in good order. */
  readonly root: AbortSignal;
}

/**
 * One term of leadership. Its `signal` aborts when the root signal does, and when the renew deadline
 * passes, counted from the moment at which the last successful renewal was sent: no one else can
 * have counted from an earlier one.
 */
export class Term {
  readonly #options: TermOptions;
  readonly #leading = new AbortController();
  readonly #renewing = new AbortController();
  readonly #onRoot = () => this.#leading.abort(this.#options.root.reason);
  #cancel: () => void = () => {};
  #renewBy = 0;
  #lost: LeadershipLost | undefined;

  constructor(options: TermOptions, renewedAt: number) {
    this.#options = options;
    this.renewed(renewedAt);
    if (options.root.aborted) this.#onRoot();
    else options.root.addEventListener("abort", this.#onRoot, { once: true });
  }

  /** For the work that only a leader may do. */
  get signal(): AbortSignal {
    return this.#leading.signal;
  }

  /** For the renewals, which go on until the work has ended or leadership is lost. */
  get renewing(): AbortSignal {
    return this.#renewing.signal;
  }

  /** Set when the term ended against its will. */
  get lost(): LeadershipLost | undefined {
    return this.#lost;
  }

  /** Another cannot have taken over yet. Judged by the time, not by a timer that may be late. */
  get isValid(): boolean {
    return !this.renewing.aborted && this.#options.monotonic() < this.#renewBy;
  }

  get #overdue(): string {
    return `no renewal has succeeded for ${this.#options.renewDeadlineMs / 1000} s`;
  }

  /** A renewal sent at `sentAt` has succeeded. */
  renewed(sentAt: number): void {
    const { clock, monotonic, renewDeadlineMs } = this.#options;
    this.#cancel();
    this.#renewBy = sentAt + renewDeadlineMs;
    this.#cancel = clock.after(
      Math.max(0, this.#renewBy - monotonic()),
      () => this.lose(this.#overdue),
    );
  }

  /** Ends the term if its time has run out: the timer that says so may be late. */
  check(): void {
    if (!this.isValid && !this.renewing.aborted) this.lose(this.#overdue);
  }

  /**
   * Ends the term because of `why`. When the root signal has ended it before, that stays the reason,
   * and renewals are still tried: the work is stopping already, and no other may start meanwhile.
   */
  lose(why: string): void {
    this.#renewBy = -Infinity;
    if (this.signal.aborted) return;
    this.#renewing.abort();
    this.#lost = new LeadershipLost(`leadership by Lease ${this.#options.lease} is lost: ${why}`);
    this.#leading.abort(this.#lost);
  }

  /** The work has ended: no more renewals, no timer, no listener. */
  end(): void {
    this.#cancel();
    this.#options.root.removeEventListener("abort", this.#onRoot);
    this.#renewing.abort();
  }
}
