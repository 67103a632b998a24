/** A place among those who work at once, held by the work on one key. */
export interface Slot {
  /** Gives the place up while `wait` runs, for waits on others that may take long. */
  outside<T>(wait: () => Promise<T>): Promise<T>;
  /**
   * What the work reads from here on holds all that its key was asked for so far: no further work
   * for that, such as for the work's own changes.
   */
  caughtUp(): void;
}

/** Does the work on one key. Must handle its own errors. */
export type Work = (key: string, slot: Slot) => Promise<void>;

/**
 * Keys that wait for work. A key that comes again while it waits counts once, and one that comes
 * while it is worked on is worked on once more afterwards: never twice at the same time.
 */
export class WorkQueue {
  readonly #concurrency: number;
  readonly #monotonic: () => number;
  readonly #work: Work;
  readonly #waiting = new Set<string>();
  /** Since when each key is worked on, in monotonic milliseconds. Oldest first. */
  readonly #working = new Map<string, number>();
  /** Work that gave its place up and wants it back. */
  readonly #returning: (() => void)[] = [];
  #active = 0;
  #open = false;
  #filling = false;
  #end: () => void = () => {};
  #done: () => void = () => {};
  #failure: { readonly error: unknown } | undefined;

  /** `monotonic` answers milliseconds that only ever advance: the wall clock may be set. */
  constructor(concurrency: number, monotonic: () => number, work: Work) {
    this.#concurrency = concurrency;
    this.#monotonic = monotonic;
    this.#work = work;
  }

  /** Keys that wait, not counting those being worked on. */
  get depth(): number {
    return this.#waiting.size;
  }

  /** Keys being worked on. */
  get working(): number {
    return this.#working.size;
  }

  /** The work that has lasted longest, if any is under way. */
  longest(): { readonly key: string; readonly forMs: number } | undefined {
    for (const [key, since] of this.#working) return { key, forMs: this.#monotonic() - since };
    return undefined;
  }

  /** Asks for work on `key`, soon. */
  add(key: string): void {
    this.#waiting.add(key);
    this.#fill();
  }

  /**
   * Works until `signal` aborts; resolves when the work under way has ended. Rejects, once it has
   * ended, with the first error that work did not handle itself.
   */
  async run(signal: AbortSignal): Promise<void> {
    const { promise: ended, resolve: end } = Promise.withResolvers<void>();
    this.#end = end;
    signal.addEventListener("abort", () => end(), { once: true });
    if (signal.aborted) end();
    this.#open = true;
    this.#fill();
    await ended;
    this.#open = false;
    while (this.#working.size > 0) await this.#oneDone();
    if (this.#failure !== undefined) throw this.#failure.error;
  }

  #oneDone(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#done = resolve;
    return promise;
  }

  /**
   * Gives out places as long as there are any. Work that gives its place up before it first waits
   * comes back here from within; the loop below takes that place up, where a call would nest another
   * for every key that waits, and overflow the stack at some thousand.
   */
  #fill(): void {
    if (this.#filling) return;
    this.#filling = true;
    try {
      while (this.#active < this.#concurrency && this.#returning.length > 0) {
        this.#active++;
        this.#returning.shift()!();
      }
      if (this.#open) this.#startWaiting();
    } finally {
      this.#filling = false;
    }
  }

  #startWaiting(): void {
    for (const key of this.#waiting) {
      if (this.#active >= this.#concurrency) return;
      if (this.#working.has(key)) continue;
      this.#waiting.delete(key);
      this.#start(key);
    }
  }

  #start(key: string): void {
    this.#active++;
    this.#working.set(key, this.#monotonic());
    const slot: Slot = {
      outside: (wait) => this.#outside(wait),
      caughtUp: () => void this.#waiting.delete(key),
    };
    this.#work(key, slot).then(
      () => this.#finish(key),
      (error) => {
        this.#failure ??= { error };
        this.#end();
        this.#finish(key);
      },
    );
  }

  #finish(key: string): void {
    this.#active--;
    this.#working.delete(key);
    this.#fill();
    this.#done();
  }

  async #outside<T>(wait: () => Promise<T>): Promise<T> {
    this.#active--;
    this.#fill();
    try {
      return await wait();
    } finally {
      await this.#comeBack();
    }
  }

  #comeBack(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#returning.push(resolve);
    this.#fill();
    return promise;
  }
}
