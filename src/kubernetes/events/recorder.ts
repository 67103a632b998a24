import { type Clock, sleep } from "../../runtime/time/clock.ts";
import type { Random } from "../../runtime/random.ts";
import type { Logger } from "../../telemetry/log/logger.ts";
import { Backoff } from "../../runtime/time/backoff.ts";
import {
  ApiError,
  isAlreadyExists,
  isDenial,
  isForbidden,
  isNamespaceTerminating,
  isNotFound,
  mayBeTooLong,
} from "../http/errors.ts";
import { withTimeLimit } from "../http/time_limit.ts";
import type { ResourceClient } from "../resources/resource_client.ts";
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
import { SeriesQueue, type Write } from "./series_queue.ts";

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

const MOST_TRIES = 6;
const RETRY = { firstMs: 1_000, longestMs: 16_000 };
/** One Event must not hold up the others for as long as a server may ask to wait. */
const LONGEST_WAIT_MS = 60_000;
/** How long the rest of the queue may take at the end; SIGTERM is to end all within 2 s. */
const LAST_WRITES_MS = 500;

/**
 * Tells users what happens to their objects, by core v1 Events. `record` only notes; `run` writes,
 * one Event of each namespace at a time, and of several namespaces at once. Whatever goes wrong is logged and ends there.
 */
export class EventRecorder {
  readonly #options: EventRecorderOptions;
  readonly #correlator: Correlator;
  readonly #refusals: Refusals;
  readonly #queue: SeriesQueue;
  readonly #created = new WeakSet<Series>();
  /** Of those that are to be tried again. */
  readonly #backoffs = new WeakMap<Series, Backoff>();
  /** Writes, and waits before the next try; as many as there are namespaces in the queue at most. */
  readonly #underWay = new Set<Promise<void>>();
  /** Has what may be written now begun. */
  #wake = () => {};
  #closed = false;
  #dropped = 0;

  constructor(options: EventRecorderOptions) {
    this.#options = options;
    this.#queue = new SeriesQueue(options.clock);
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
    if (!this.#queue.add(series)) this.#dropped += 1;
    this.#wake();
  }

  /**
   * Writes what is recorded until `signal` aborts, then for up to 0.5 s what is left, each once.
   * Resolves when that is done; never rejects. To be called once.
   */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      this.#beginWrites(signal);
      await this.#idle(signal);
    }
    await Promise.all(this.#underWay);
    await this.#writeRest();
    this.#closed = true;
  }

  /** Nothing waits, and nothing is being written or to be tried again. */
  get #isDone(): boolean {
    return this.#queue.size + this.#underWay.size === 0;
  }

  #beginWrites(signal: AbortSignal): void {
    for (let write = this.#queue.take(); write !== undefined; write = this.#queue.take()) {
      const done: Promise<void> = this.#write(write, signal).finally(() => {
        this.#underWay.delete(done);
        this.#wake();
      });
      this.#underWay.add(done);
    }
    if (!this.#isDone) return;
    this.#tellOfDropped();
  }

  async #idle(signal: AbortSignal): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const wake = () => resolve();
    this.#wake = wake;
    signal.addEventListener("abort", wake, { once: true });
    await promise;
    signal.removeEventListener("abort", wake);
  }

  /** Tries once; what is to be tried again waits for that in the queue, and holds no place. */
  async #write(write: Write, signal: AbortSignal): Promise<void> {
    const waitMs = await this.#try(write, signal);
    if (waitMs !== undefined) {
      write.putBack();
      this.#wake();
      await this.#pause(waitMs, signal);
    }
    write.end();
  }

  /** Answers in how many ms to try again: not when it is written, hopeless, or tried often enough. */
  async #try(write: Write, signal: AbortSignal): Promise<number | undefined> {
    const { series } = write;
    try {
      await this.#sendTimed(write, signal);
    } catch (error) {
      if (signal.aborted) return 0;
      const backoff = this.#backoffs.get(series) ?? new Backoff(RETRY, this.#options.random);
      const isLast = backoff.failures + 1 >= MOST_TRIES;
      if (!isLast && isWorthRetrying(error)) {
        this.#backoffs.set(series, backoff);
        return backoff.next(retryAfterOf(error));
      }
      this.#giveUp(series, error);
    }
    this.#backoffs.delete(series);
    return undefined;
  }

  /** Sends it within its limit, all requests that it takes together, and gives its place back. */
  async #sendTimed(write: Write, signal: AbortSignal): Promise<void> {
    const { clock } = this.#options;
    const { series, namespace, limitMs } = write;
    const what = `writing an Event in namespace ${namespace}`;
    const begun = clock.now();
    try {
      await withTimeLimit({ clock, limitMs, signal, what }, (own) => this.#send(series, own));
      write.leave(clock.now() - begun);
    } catch (error) {
      // The wall clock may have been set back meanwhile.
      const isTimeout = error instanceof ApiError && error.reason === "Timeout";
      write.leave(isTimeout ? limitMs : clock.now() - begun);
      throw error;
    }
  }

  async #writeRest(): Promise<void> {
    const { clock, log } = this.#options;
    const what = "the last Events";
    this.#queue.widen();
    try {
      await withTimeLimit(
        { clock, limitMs: LAST_WRITES_MS, what },
        (signal) => this.#drain(signal),
      );
    } catch (error) {
      log.warn("the last Events could not be written", { left: this.#queue.unwritten, error });
    }
    this.#queue.clear();
  }

  /** Writes what is queued, each once. Rejects in the end if not all could be tried. */
  async #drain(signal: AbortSignal): Promise<void> {
    const failures: unknown[] = [];
    const writeNext = async (): Promise<void> => {
      if (signal.aborted) return;
      const writes: Promise<void>[] = [];
      for (let write = this.#queue.take(); write !== undefined; write = this.#queue.take()) {
        writes.push(this.#writeLast(write, signal, failures).then(writeNext));
      }
      await Promise.all(writes);
    };
    await writeNext();
    if (failures.length > 0) throw failures[0];
  }

  /** A failure that is not the Event's own ends the turns of its namespace. */
  async #writeLast(write: Write, signal: AbortSignal, failures: unknown[]): Promise<void> {
    try {
      await this.#sendTimed(write, signal);
    } catch (error) {
      if (signal.aborted || isWorthRetrying(error)) {
        failures.push(error);
        return write.putBack();
      }
      this.#giveUp(write.series, error);
    }
    write.end();
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
        () => events.create(namespace, event, { signal }),
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
      () => events.patch(namespace, series.eventName, patch, { signal }),
    );
  }

  /** Sends one request. Answers false when rights lack, which is told of and no failure. */
  async #call(
    verb: "create" | "patch",
    namespace: string,
    signal: AbortSignal,
    work: () => Promise<unknown>,
  ): Promise<boolean> {
    try {
      await work();
      this.#refusals.allowed(namespace);
      return true;
    } catch (failure) {
      const error = ApiError.recognise(failure, signal) ?? failure;
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
