import { FairLine, type Waiting } from "./fair_line.ts";
import { FairPlaces } from "./fair_places.ts";

/** What a wait for a place is bound by. */
export interface EntryOptions {
  /** Whoever waits gives up when it aborts. */
  readonly signal?: AbortSignal | undefined;
  /** Runs the wait itself, where there is one. */
  readonly outside?: <T>(wait: () => Promise<T>) => Promise<T>;
}

type Leave = () => void;

/** One that waits: told of its place, or of why there will be none. */
interface Entry {
  readonly enter: (leave: Leave) => void;
}

/** Lets few at a time do what takes much memory. Namespaces share the places and take turns. */
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
    { signal, outside = (wait) => wait() }: EntryOptions = {},
  ): Promise<T> {
    signal?.throwIfAborted();
    const leave = this.#line.size === 0 && this.#places.admits(namespace, false)
      ? this.#enter(namespace)
      : await outside(() => this.#wait(namespace, signal));
    try {
      return await work();
    } finally {
      leave();
    }
  }

  #wait(namespace: string, signal: AbortSignal | undefined): Promise<Leave> {
    const { promise, resolve, reject } = Promise.withResolvers<Leave>();
    const waiting: Waiting<Entry> = this.#line.add({
      enter: (leave) => {
        signal?.removeEventListener("abort", giveUp);
        resolve(leave);
      },
    }, [namespace]);
    const giveUp = () => {
      this.#line.remove(waiting);
      reject(signal?.reason);
    };
    signal?.addEventListener("abort", giveUp, { once: true });
    // A place may be free, though not for those who wait already.
    this.#admit();
    return promise;
  }

  #enter(namespace: string): Leave {
    const giveBack = this.#places.take(namespace, false);
    return () => {
      giveBack();
      this.#admit();
    };
  }

  #admit(): void {
    for (let taken; (taken = this.#line.take(this.#places)) !== undefined;) {
      taken.waiting.item.enter(this.#enter(taken.namespace));
    }
  }
}
