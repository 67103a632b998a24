import type { Clock } from "../../runtime/time/clock.ts";

/**
 * How far what an informer holds can be trusted.
 * - `listing`: no complete list so far.
 * - `synced`: a complete list was read and the watch stands, or broke off just now.
 * - `desynced`: no connection for longer than the bound; what is held may be stale or incomplete.
 * - `absent`: the server does not know the resource; its CRD is not installed.
 * - `refused`: the server does not allow list or watch.
 */
export type SyncState = "listing" | "synced" | "desynced" | "absent" | "refused";

/** Is told of every change of state. */
export type StateListener = (state: SyncState, reason: string, previous: SyncState) => void;

/** The state of one informer, with the bound after which a lost connection counts. */
export class SyncTracker {
  readonly #clock: Clock;
  readonly #desyncedAfterMs: number;
  readonly #onChange: StateListener;
  readonly #waiting = new Set<() => void>();
  #state: SyncState = "listing";
  #reason = "no list has been read";
  #cancelDesync: (() => void) | undefined;

  constructor(clock: Clock, desyncedAfterMs: number, onChange: StateListener) {
    this.#clock = clock;
    this.#desyncedAfterMs = desyncedAfterMs;
    this.#onChange = onChange;
  }

  get state(): SyncState {
    return this.#state;
  }

  /** Why the state is what it is: a sentence part for a log line. */
  get reason(): string {
    return this.#reason;
  }

  /** Enters a state at once. */
  enter(state: SyncState, reason: string): void {
    this.stop();
    const previous = this.#state;
    this.#reason = reason;
    if (state === previous) return;
    this.#state = state;
    this.#onChange(state, reason, previous);
    if (state === "synced") { for (const resolve of this.#waiting) resolve(); }
  }

  /** The connection is lost: unless another state is entered in time, the state is `desynced`. */
  disconnected(reason: string): void {
    this.#reason = this.#state === "synced" ? this.#reason : reason;
    if (this.#state === "desynced" || this.#cancelDesync) return;
    this.#cancelDesync = this.#clock.after(
      this.#desyncedAfterMs,
      () =>
        this.enter("desynced", `no connection for ${this.#desyncedAfterMs / 1000} s: ${reason}`),
    );
  }

  /** Resolves when the state is `synced`; rejects with the signal's reason when that comes first. */
  whenSynced(signal?: AbortSignal): Promise<void> {
    if (this.#state === "synced") return Promise.resolve();
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason);
      const leave = () => {
        this.#waiting.delete(onSynced);
        signal?.removeEventListener("abort", onAbort);
      };
      const onSynced = () => (leave(), resolve());
      const onAbort = () => (leave(), reject(signal?.reason));
      this.#waiting.add(onSynced);
      signal?.addEventListener("abort", onAbort, { once: true });
    });
  }

  /** Leaves no timer behind. */
  stop(): void {
    this.#cancelDesync?.();
    this.#cancelDesync = undefined;
  }
}
