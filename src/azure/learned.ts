import { type Clock, isWithin } from "../runtime/time/clock.ts";

/** What was learned, by key: for a time, and the latest of it alone. */
export class Learned {
  readonly #clock: Pick<Clock, "now">;
  readonly #forMs: number;
  readonly #most: number;
  /** When each was learned, in milliseconds since the epoch. Latest last. */
  readonly #since = new Map<string, number>();

  /** Each for `forMs`, and no more than `most` of them: tenants may name any number of hosts. */
  constructor(clock: Pick<Clock, "now">, forMs: number, most: number) {
    this.#clock = clock;
    this.#forMs = forMs;
    this.#most = most;
  }

  /** How many are held. */
  get size(): number {
    return this.#since.size;
  }

  /** Learns it, or learns it anew. */
  add(key: string): void {
    this.#since.delete(key);
    this.#since.set(key, this.#clock.now());
    if (this.#since.size <= this.#most) return;
    const [oldest] = this.#since.keys();
    this.#since.delete(oldest!);
  }

  /** Whether it was learned, and not too long ago. */
  has(key: string): boolean {
    const since = this.#since.get(key);
    if (since === undefined) return false;
    if (isWithin(this.#clock.now(), since, this.#forMs)) return true;
    this.#since.delete(key);
    return false;
  }
}
