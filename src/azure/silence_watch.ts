import type { Clock } from "../runtime/time/clock.ts";
import type { Connection } from "./connections.ts";

/**
 * Looks whether the host of a call says anything by this pool of connections, to this call or to
 * another: a half-open connection never fails by itself. What one call finds holds for all of them,
 * however late they began. Its timer looks only when it is due.
 */
export class SilenceWatch {
  readonly #clock: Clock;
  readonly #connection: Connection;
  readonly #startedAt: number;
  readonly #onSilence: () => void;
  #cancel: () => void = () => {};

  /** Calls `onSilence` once, if the host's patience runs out before `end`. */
  constructor(clock: Clock, connection: Connection, startedAt: number, onSilence: () => void) {
    this.#clock = clock;
    this.#connection = connection;
    this.#startedAt = startedAt;
    this.#onSilence = onSilence;
    connection.watching.add(onSilence);
    this.#look();
  }

  /** The call has ended. */
  end(): void {
    this.#cancel();
    this.#connection.watching.delete(this.#onSilence);
  }

  #look(): void {
    const leftMs = this.#connection.patienceMs(this.#startedAt);
    if (leftMs > 0) this.#cancel = this.#clock.after(leftMs, () => this.#look());
    else for (const silent of this.#connection.watching) silent();
  }
}
