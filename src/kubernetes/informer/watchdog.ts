import type { Clock } from "../../runtime/time/clock.ts";
import { ApiError } from "../http/errors.ts";

/** How long a connection may be silent, and what then happens beside its end. */
export interface SilenceOptions {
  clock: Clock;
  silentAfterMs: number;
  /** Called when a connection was ended for its silence. Must not throw. */
  onSilent: () => void;
}

/** A call's connection: ends it, and is told whenever something came through it. */
export interface GuardedConnection {
  readonly signal: AbortSignal;
  readonly heard: () => void;
}

/**
 * Runs `use` and ends its connection when nothing was heard for `silentAfterMs`: a half-open
 * connection never fails by itself. The signal's reason is then an ApiError of reason `Timeout`.
 * `signal` ends it too, with its own reason. Leaves neither timer nor listener behind.
 */
export async function withWatchdog<R>(
  signal: AbortSignal,
  options: SilenceOptions,
  use: (connection: GuardedConnection) => Promise<R>,
): Promise<R> {
  signal.throwIfAborted();
  const controller = new AbortController();
  const onAbort = () => controller.abort(signal.reason);
  signal.addEventListener("abort", onAbort, { once: true });
  using watchdog = new Watchdog(options.clock, options.silentAfterMs, () => {
    controller.abort(silence(options.silentAfterMs));
    options.onSilent();
  });
  try {
    return await use({ signal: controller.signal, heard: () => watchdog.heard() });
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}

/**
 * Calls `onSilence` once when nothing has been heard for `silentAfterMs`. A watch hears thousands of
 * events a minute, so that hearing only notes the moment: the timer looks at it when it is due.
 */
class Watchdog implements Disposable {
  readonly #clock: Clock;
  readonly #silentAfterMs: number;
  readonly #onSilence: () => void;
  #heardAt: number;
  #cancel: () => void;

  constructor(clock: Clock, silentAfterMs: number, onSilence: () => void) {
    this.#clock = clock;
    this.#silentAfterMs = silentAfterMs;
    this.#onSilence = onSilence;
    this.#heardAt = clock.now();
    this.#cancel = this.#lookAfter(silentAfterMs);
  }

  /** Something was heard: the wait starts anew. */
  heard(): void {
    this.#heardAt = this.#clock.now();
  }

  #lookAfter(delayMs: number): () => void {
    return this.#clock.after(delayMs, () => {
      const now = this.#clock.now();
      // A wall clock that was set back must not make the wait longer than the limit.
      this.#heardAt = Math.min(this.#heardAt, now);
      const left = this.#heardAt + this.#silentAfterMs - now;
      if (left > 0) this.#cancel = this.#lookAfter(left);
      else this.#onSilence();
    });
  }

  [Symbol.dispose](): void {
    this.#cancel();
  }
}

function silence(silentAfterMs: number): ApiError {
  return new ApiError({
    code: 0,
    reason: "Timeout",
    message: `nothing was heard for ${silentAfterMs / 1000} s, so the connection was ended`,
  });
}
