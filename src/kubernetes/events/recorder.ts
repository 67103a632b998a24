import { type Clock, sleep } from "../../runtime/clock.ts";
import { FairPlaces } from "../../runtime/fair_places.ts";
import type { Random } from "../../runtime/random.ts";
import type { Logger } from "../../telemetry/log.ts";
import { Backoff } from "../backoff.ts";
import {
  ApiError,
  isAlreadyExists,
  isDenial,
  isForbidden,
  isNamespaceTerminating,
  isNotFound,
  mayBeTooLong,
} from "../errors.ts";
import { limited } from "../limited.ts";
import type { ResourceClient } from "../resource.ts";
import { Correlator, type CorrelatorLimits } from "./correlator.ts";
import {
  type Event,
  eventOf,
  type EventReporter,
  type EventSubject,
  type EventType,
  namespaceOf,
  progressOf,
  type Series,
  shorterMessage,
} from "./event.ts";
import { Refusals } from "./refusals.ts";
import { SeriesQueue } from "./series_queue.ts";

export type { EventReporter, EventSubject, EventType } from "./event.ts";

/** The part of a client for Events that a recorder needs. */
export type EventClient = Pick<ResourceClient<Event>, "create" | "patch">;

/** What a recorder works with. */
export interface EventRecorderOptions {
  readonly events: EventClient;
  readonly reporter: EventReporter;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly limits?: CorrelatorLimits;
}

/** As many namespaces as have a request under way at once, each one: a webhook may hold it. */
const WRITERS = 8;
const MOST_TRIES = 6;
const RETRY = { firstMs: 1_000, longestMs: 16_000 };
/** One Event must not hold up the others for as long as a server may ask to wait. */
const LONGEST_WAIT_MS = 60_000;
const REQUEST_LIMIT_MS = 10_000;
/** How long the rest of the queue may take at the end; SIGTERM is to end all within 2 s. */
const LAST_WRITES_MS = 500;

/**
 * Tells users what happens to their objects, by core v1 Events. `record` only notes; `run` writes,
 * one request at a time for each namespace. Whatever goes wrong is logged and ends there.
 */
export class EventRecorder {
  readonly #options: EventRecorderOptions;
  readonly #correlator: Correlator;
  readonly #refusals: Refusals;
  readonly #queue: SeriesQueue;
  readonly #places = new FairPlaces({ places: WRITERS, alpha: 0 });
  readonly #created = new WeakSet<Series>();
  readonly #flushes: (() => void)[] = [];
  /** Wake the writers that have nothing to write. */
  readonly #wakes = new Set<() => void>();
  #closed = false;
  #dropped = 0;

  constructor(options: EventRecorderOptions) {
    this.#options = options;
    this.#queue = new SeriesQueue(() => options.clock.now());
    this.#correlator = new Correlator(options.limits);
    this.#refusals = new Refusals(options.clock, options.log);
  }

  /**
   * Notes an occurrence and returns at once; never throws. The same subject, type, reason and message
   * within ten minutes raise the count of one Event. Ignored after `run` has ended.
   */
  record(subject: EventSubject, type: EventType, reason: string, message: string): void {
    if (this.#closed || this.#refusals.covers(namespaceOf(subject))) return;
    const now = this.#options.clock.now();
    const series = this.#correlator.observe(subject, type, reason, message, now);
    // A series that is still in the queue will be written with the new count.
    if (series === undefined || this.#queue.has(series)) return;
    if (!this.#queue.add(series)) {
      this.#dropped += 1;
      return;
    }
    const [wake] = this.#wakes;
    wake?.();
  }

  /**
   * Writes what is recorded until `signal` aborts, then for up to 0.5 s what is left, each once.
   * Resolves when that is done; never rejects. To be called once.
   */
  async run(signal: AbortSignal): Promise<void> {
    await Promise.all(Array.from({ length: WRITERS }, () => this.#writeUntil(signal)));
    await this.#writeRest();
    this.#closed = true;
    this.#settleFlushes();
  }

  /** Resolves when all that was recorded before has been written or given up. Needs `run`. */
  async flush(): Promise<void> {
    if (this.#closed || this.#isDone) return;
    await new Promise<void>((resolve) => void this.#flushes.push(resolve));
  }

  /** Nothing waits, and nothing is being written. */
  get #isDone(): boolean {
    return this.#queue.size + this.#places.held === 0;
  }

  async #writeUntil(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const taken = this.#queue.take(this.#places);
      if (taken === undefined) {
        await this.#idle(signal);
        continue;
      }
      const giveBack = this.#places.take(taken.namespace, false);
      await this.#write(taken.series, signal);
      giveBack();
    }
  }

  async #idle(signal: AbortSignal): Promise<void> {
    if (this.#isDone) {
      this.#tellOfDropped();
      this.#settleFlushes();
    }
    const { promise, resolve } = Promise.withResolvers<void>();
    const wake = () => {
      this.#wakes.delete(wake);
      resolve();
    };
    this.#wakes.add(wake);
    signal.addEventListener("abort", wake, { once: true });
    await promise;
    signal.removeEventListener("abort", wake);
  }

  /** Tries until it is written, hopeless, or tried often enough. An abort puts it back. */
  async #write(series: Series, signal: AbortSignal): Promise<void> {
    const backoff = new Backoff(RETRY, this.#options.random);
    for (;;) {
      try {
        return await this.#send(series, signal);
      } catch (error) {
        if (signal.aborted) return void this.#queue.add(series);
        const isLast = backoff.failures + 1 >= MOST_TRIES;
        if (isLast || !isWorthRetrying(error)) return this.#giveUp(series, error);
        await this.#pause(backoff.next(retryAfterOf(error)), signal);
      }
    }
  }

  async #writeRest(): Promise<void> {
    const { clock, log } = this.#options;
    const what = "the last Events";
    try {
      await limited({ clock, limitMs: LAST_WRITES_MS, what }, (signal) => this.#drain(signal));
    } catch (error) {
      log.warn("the last Events could not be written", { left: this.#queue.size, error });
    }
    for (const series of this.#queue) this.#queue.delete(series);
  }

  /** Writes what is queued, each once. Rejects as soon as a failure is not one Event's own. */
  async #drain(signal: AbortSignal): Promise<void> {
    for (const series of this.#queue) {
      signal.throwIfAborted();
      try {
        await this.#send(series, signal);
      } catch (error) {
        if (signal.aborted || isWorthRetrying(error)) throw error;
        this.#giveUp(series, error);
      }
      this.#queue.delete(series);
    }
  }

  async #send(series: Series, signal: AbortSignal): Promise<void> {
    const namespace = namespaceOf(series.subject);
    if (this.#refusals.covers(namespace)) return;
    if (!this.#created.has(series)) return await this.#create(series, signal);
    try {
      await this.#patch(series, signal);
    } catch (error) {
      if (!isNotFound(error)) throw error;
      // Events live for an hour by default, and anyone may delete them before.
      await this.#create(series, signal);
    }
  }

  async #create(series: Series, signal: AbortSignal): Promise<void> {
    const { events, reporter } = this.#options;
    const namespace = namespaceOf(series.subject);
    const event = eventOf(series, reporter);
    try {
      const done = await this.#call(
        "create",
        namespace,
        signal,
        (own) => events.create(namespace, event, { signal: own }),
      );
      if (done) this.#created.add(series);
    } catch (error) {
      if (tellsShorter(series, error)) return await this.#create(series, signal);
      if (!isAlreadyExists(error)) throw error;
      // An earlier try has arrived although its answer has not; the count may have risen since.
      this.#created.add(series);
      await this.#patch(series, signal);
    }
  }

  async #patch(series: Series, signal: AbortSignal): Promise<void> {
    const { events } = this.#options;
    const namespace = namespaceOf(series.subject);
    const patch = { type: "merge" as const, body: progressOf(series) };
    await this.#call(
      "patch",
      namespace,
      signal,
      (own) => events.patch(namespace, series.eventName, patch, { signal: own }),
    );
  }

  /** Sends one request. Answers false when rights lack, which is told of and no failure. */
  async #call(
    verb: "create" | "patch",
    namespace: string,
    signal: AbortSignal,
    work: (signal: AbortSignal) => Promise<unknown>,
  ): Promise<boolean> {
    const { clock } = this.#options;
    const what = `${verb} of an Event in namespace ${namespace}`;
    try {
      await limited({ clock, limitMs: REQUEST_LIMIT_MS, signal, what }, work);
      this.#refusals.allowed(namespace);
      return true;
    } catch (error) {
      if (!isForbidden(error) || isNamespaceTerminating(error) || isDenial(error)) throw error;
      this.#refusals.refused(namespace, verb, error);
      return false;
    }
  }

  #giveUp({ subject, reason }: Series, error: unknown): void {
    const { namespace, name } = subject;
    const fields = { namespace, name, reason, error };
    const isOfNoConsequence = isNamespaceTerminating(error) || isNotFound(error);
    if (isOfNoConsequence) {
      this.#options.log.debug(
        "Event not written, as its namespace is being deleted or gone",
        fields,
      );
    } else this.#options.log.warn("Event could not be written", fields);
  }

  #tellOfDropped(): void {
    if (this.#dropped === 0) return;
    const dropped = this.#dropped;
    this.#dropped = 0;
    this.#options.log.warn("Events were dropped, as the API server was too slow for them", {
      dropped,
    });
  }

  #settleFlushes(): void {
    for (const resolve of this.#flushes.splice(0)) resolve();
  }

  /** Answers, never rejects, also when `signal` ends it early. */
  async #pause(delayMs: number, signal: AbortSignal): Promise<void> {
    if (delayMs <= 0) return;
    await sleep(this.#options.clock, delayMs, signal).catch((error) => {
      if (!signal.aborted) throw error;
    });
  }
}

/** Whether what was refused is told shorter from now on. */
function tellsShorter(series: Series, error: unknown): boolean {
  const shorter = mayBeTooLong(error) ? shorterMessage(series) : undefined;
  if (shorter === undefined) return false;
  series.message = shorter;
  return true;
}

function isWorthRetrying(error: unknown): boolean {
  return error instanceof ApiError && error.retryable;
}

function retryAfterOf(error: unknown): number | undefined {
  const asked = error instanceof ApiError ? error.retryAfterMs : undefined;
  return asked === undefined ? undefined : Math.min(asked, LONGEST_WAIT_MS);
}
