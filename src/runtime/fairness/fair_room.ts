import { FairLine, type Urgency, type Waiting } from "./fair_line.ts";
import { FairPlaces } from "./fair_places.ts";

/** What a wait for a place is bound by. */
export interface EntryOptions {
  /** Whoever waits gives up when it aborts. */
  readonly signal?: AbortSignal | undefined;
  /** When it goes before those that are not urgent. */
  readonly urgency?: Urgency | undefined;
}

type Leave = () => void;

/** One that waits: told of its place, or of why there will be none. */
interface Entry {
  readonly enter: (leave: Leave) => void;
}

/**
 * Lets few at a time do what takes much memory. Namespaces share the places and take turns, the
 * urgent first. What is done in a place must be short, and wait for nobody that a tenant may slow:
 * two who are slow would hold all that the others need.
 */
export class FairRoom {
  readonly #places: FairPlaces;
  readonly #line: FairLine<Entry>;

  /** `now` answers milliseconds since the epoch. */
  constructor(places: number, now: () => number) {
    this.#places = new FairPlaces({ places });
    this.#line = new FairLine(now);
  }

  /** How many wait. */
  get waiting(): number {
    return this.#line.size;
  }

  /** Runs `work` once there is a place. Rejects as it does, or with the signal's reason before. */
  async run<T>(
    namespace: string,
    work: () => Promise<T>,
    { signal, urgency }: EntryOptions = {},
  ): Promise<T> {
    signal?.throwIfAborted();
    const leave = await this.#wait(namespace, signal, urgency);
    try {
      return await work();
    } finally {
      leave();
    }
  }

  #wait(
    namespace: string,
    signal: AbortSignal | undefined,
    urgency: Urgency | undefined,
  ): Promise<Leave> {
    const { promise, resolve, reject } = Promise.withResolvers<Leave>();
    const waiting: Waiting<Entry> = this.#line.add(
      {
        enter: (leave) => {
          signal?.removeEventListener("abort", giveUp);
          resolve(leave);
        },
      },
      [namespace],
      urgency,
    );
    const giveUp = () => {
      this.#line.remove(waiting);
      reject(signal?.reason);
    };
    signal?.addEventListener("abort", giveUp, { once: true });
    this.#admit();
    return promise;
  }

  #admit(): void {
    for (let taken; (taken = this.#line.take(this.#places)) !== undefined;) {
      const giveBack = this.#places.take(taken.namespace, taken.isUrgent);
      taken.waiting.item.enter(() => {
        giveBack();
        this.#admit();
      });
    }
  }
}
