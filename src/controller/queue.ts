import type { Breather } from "../runtime/time/breather.ts";
import type { Clock } from "../runtime/time/clock.ts";
import {
  type Admission,
  FairLine,
  type Urgency,
  type Waiting,
} from "../runtime/fairness/fair_line.ts";
import { FairPlaces, type PlacesOptions } from "../runtime/fairness/fair_places.ts";
import { Progress } from "./progress.ts";

/** A place among those who work at once, held by the work on one key. */
export interface Slot {
  /**
   * Gives the place up while `wait` runs, for waits on others that may take long. Those who wait for
   * the same, in the order of their coming, name it by `line`: such as the writes to one account.
   */
  outside<T>(wait: () => Promise<T>, line?: string): Promise<T>;
  /**
   * What the work reads from here on holds all that its key was asked for so far: no further work
   * for that, such as for the work's own changes.
   */
  caughtUp(): void;
  /** A step of the work has ended, and the next begins. So those are nearer to their turn who wait in that `line`. */
  moved(line?: string): void;
}

/** Does the work on one key. Must handle its own errors. */
export type Work = (key: string, slot: Slot) => Promise<void>;

/** What a queue needs from its surroundings. */
export interface WorkQueueOptions {
  /** Of those who work at once. */
  readonly places: PlacesOptions;
  readonly namespaceOf: (key: string) => string;
  /** When work on the key is to go before all that is not urgent; asked when it is added. */
  readonly urgencyOf: (key: string) => Urgency | undefined;
  readonly work: Work;
  readonly clock: Pick<Clock, "now">;
  /** Milliseconds that only ever advance: the wall clock may be set. */
  readonly monotonic: () => number;
  readonly breather: Breather;
}

/**
 * Of one namespace so much work is begun at most, but for what is urgent. Work that waits outside its
 * place takes some kilobytes, of thousands that wait for one slow host; and far less than this keeps
 * Azure busy. A namespace of whose registries more hang keeps its own other bindings waiting.
 */
const MOST_BEGUN = 512;

/** Work on one key: before it begins, inside its place, or outside. */
interface Job {
  readonly key: string;
  /** Gives back the place that it holds. */
  giveBack: () => void;
  /** Lets it go on once it has a place again; absent before it begins. */
  goOn: (() => void) | undefined;
}

/**
 * Keys that wait for work, namespace by namespace, and what is urgent before all else. A key that
 * comes again while it waits counts once, and one that comes while it is worked on is worked on once
 * more afterwards: never twice at the same time.
 */
export class WorkQueue {
  readonly #options: WorkQueueOptions;
  readonly #progress: Progress;
  readonly #places: FairPlaces;
  /** Keys that wait, and work that gave its place up and wants one again. */
  readonly #line: FairLine<Job>;
  /** Keys that have yet to be put into the line. */
  readonly #asked = new Set<string>();
  readonly #waiting = new Map<string, Waiting<Job>>();
  readonly #working = new Set<string>();
  /** How many keys of each namespace are being worked on. */
  readonly #begun = new Map<string, number>();
  readonly #admission: Admission<Job>;
  /** Keys that came again while they were worked on. */
  readonly #again = new Set<string>();
  #open = false;
  #takingIn = false;
  #filling = false;
  #end: () => void = () => {};
  #done: () => void = () => {};
  #failure: { readonly error: unknown } | undefined;

  constructor(options: WorkQueueOptions) {
    this.#options = options;
    this.#progress = new Progress(options.monotonic);
    this.#places = new FairPlaces(options.places);
    this.#line = new FairLine(() => options.clock.now());
    const places = this.#places;
    this.#admission = {
      hasFree: (isUrgent) => places.hasFree(isUrgent),
      admits: (namespace, isUrgent, job) =>
        places.admits(namespace, isUrgent) && (isUrgent || this.#mayBegin(namespace, job)),
    };
  }

  /** Keys that wait, not counting those being worked on. */
  get depth(): number {
    return this.#asked.size + this.#waiting.size + this.#again.size;
  }

  /** Keys being worked on. */
  get working(): number {
    return this.#working.size;
  }

  /** What has stopped, though there is work to do; undefined where work moves on. */
  stuck(): string | undefined {
    return this.#open ? this.#progress.stuck(this.depth + this.working) : undefined;
  }

  /** Asks for work on `key`, soon. */
  add(key: string): void {
    if (this.#working.has(key)) return void this.#again.add(key);
    if (this.depth + this.working === 0) this.#progress.moved();
    this.#asked.add(key);
    if (this.#open) this.#takeIn();
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
    this.#progress.moved();
    this.#takeIn();
    await ended;
    this.#close();
    while (this.#working.size > 0) await this.#oneDone();
    if (this.#failure !== undefined) throw this.#failure.error;
  }

  /** What is under way goes on; what has not begun stays for a later run. */
  #close(): void {
    this.#open = false;
    for (const [key, waiting] of this.#waiting) {
      this.#line.remove(waiting);
      this.#asked.add(key);
    }
    this.#waiting.clear();
  }

  #oneDone(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#done = resolve;
    return promise;
  }

  #takeIn(): void {
    if (this.#takingIn) return;
    this.#takingIn = true;
    this.#enterAll().catch((error) => this.#fail(error));
  }

  /** One change may ask for thousands of keys, and the start for all. */
  async #enterAll(): Promise<void> {
    const { breather } = this.#options;
    try {
      for (const key of this.#asked) {
        if (breather.isDue) await breather.pause();
        if (!this.#open) return;
        this.#asked.delete(key);
        this.#enter(key);
      }
    } finally {
      this.#takingIn = false;
    }
  }

  #enter(key: string): void {
    const { namespaceOf, urgencyOf } = this.#options;
    if (this.#working.has(key)) return void this.#again.add(key);
    const waiting = this.#waiting.get(key);
    if (waiting !== undefined) return this.#line.rank(waiting, urgencyOf(key));
    const job: Job = { key, giveBack: () => {}, goOn: undefined };
    this.#waiting.set(key, this.#line.add(job, [namespaceOf(key)], urgencyOf(key)));
    this.#fill();
  }

  /**
   * Gives out places as long as there are any. Work that gives its place up before it first waits
   * comes back here from within. The loop below takes that place up. A call would nest another for
   * every key that waits, and overflow the stack at some thousand.
   */
  #fill(): void {
    if (this.#filling) return;
    this.#filling = true;
    while (this.#line.size > 0) {
      // Work that has nothing to do ends at once, and thousands such would follow one another.
      if (this.#options.breather.isDue) return this.#fillLater();
      const taken = this.#line.take(this.#admission);
      if (taken === undefined) break;
      const { waiting, namespace, isUrgent } = taken;
      waiting.item.giveBack = this.#places.take(namespace, isUrgent);
      this.#begins(waiting);
    }
    this.#filling = false;
  }

  /** Work that was begun goes on, whatever else of its namespace was. */
  #mayBegin(namespace: string, { goOn }: Job): boolean {
    return goOn !== undefined || (this.#begun.get(namespace) ?? 0) < MOST_BEGUN;
  }

  #fillLater(): void {
    this.#options.breather.pause().then(() => {
      this.#filling = false;
      this.#fill();
    }).catch((error) => this.#fail(error));
  }

  #begins(waiting: Waiting<Job>): void {
    const { key, goOn } = waiting.item;
    this.#progress.began(key);
    if (goOn !== undefined) return goOn();
    this.#waiting.delete(key);
    this.#start(waiting);
  }

  #start(waiting: Waiting<Job>): void {
    const { key } = waiting.item;
    this.#working.add(key);
    this.#count(key, 1);
    const slot: Slot = {
      outside: (wait, line) => this.#outside(waiting, wait, line),
      caughtUp: () => {
        this.#again.delete(key);
        this.#progress.began(key);
      },
      moved: (line) => this.#progress.began(key, line),
    };
    this.#options.work(key, slot).then(
      () => this.#finish(waiting.item),
      (error) => {
        this.#fail(error);
        this.#finish(waiting.item);
      },
    );
  }

  #fail(error: unknown): void {
    this.#failure ??= { error };
    this.#end();
  }

  #finish({ key, giveBack }: Job): void {
    giveBack();
    this.#progress.left(key);
    this.#working.delete(key);
    this.#count(key, -1);
    if (this.#again.delete(key)) this.add(key);
    this.#fill();
    this.#done();
  }

  #count(key: string, change: 1 | -1): void {
    const namespace = this.#options.namespaceOf(key);
    const begun = (this.#begun.get(namespace) ?? 0) + change;
    if (begun === 0) this.#begun.delete(namespace);
    else this.#begun.set(namespace, begun);
  }

  async #outside<T>(
    waiting: Waiting<Job>,
    wait: () => Promise<T>,
    line?: string,
  ): Promise<T> {
    const { key, giveBack } = waiting.item;
    giveBack();
    const ended = this.#progress.outside(key, line);
    this.#fill();
    try {
      return await wait();
    } finally {
      ended();
      await this.#comeBack(waiting);
    }
  }

  /** It came before all of its namespace that wait now, and so goes before them. */
  #comeBack(waiting: Waiting<Job>): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    waiting.item.goOn = resolve;
    this.#line.putBack(waiting);
    this.#fill();
    return promise;
  }
}
