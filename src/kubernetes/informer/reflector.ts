import type { Breather } from "../../runtime/time/breather.ts";
import { type Clock, sleep } from "../../runtime/time/clock.ts";
import type { Random } from "../../runtime/random.ts";
import { Backoff } from "../../runtime/time/backoff.ts";
import { ApiError, isExpired, isForbidden } from "../http/errors.ts";
import type {
  KubernetesObject,
  ListWatch,
  Page,
  Stored,
  WatchEvent,
} from "../resources/resource_client.ts";
import type { KeptObject } from "./cache.ts";
import type { ObjectStore } from "./object_store.ts";
import { PageSize } from "./page_size.ts";
import type { SyncTracker } from "./sync_state.ts";
import { type GuardedConnection, type SilenceOptions, withWatchdog } from "./watchdog.ts";
import {
  ended,
  failed,
  heard,
  incomplete,
  listed,
  silent,
  standing,
  UNLISTED,
  type WatchState,
} from "./watch_state.ts";

/** What is listed and watched, and how. Durations in milliseconds. */
export interface Following<T extends KubernetesObject> {
  resource: ListWatch<T>;
  clock: Clock;
  random: Random;
  /** Without it, the objects of all namespaces. */
  namespace?: string | undefined;
  labelSelector?: string | undefined;
  fieldSelector?: string | undefined;
  /** Most objects a page of a list; 500 if left out. Of large ones it has fewer. */
  pageSize?: number;
  /**
   * A connection silent for so long is ended; 150,000 if left out. A watch hears a bookmark about
   * every minute.
   */
  silentAfterMs?: number;
  /** Lets others have their turn while thousands of objects are taken in. */
  breather?: Breather;
}

/** What a reflector fills, and whom it tells. None of these may throw. */
export interface ReflectorOptions<T extends KubernetesObject, K extends KeptObject>
  extends Following<T> {
  store: ObjectStore<K>;
  sync: SyncTracker;
  /** What is kept of an object; undefined where nothing can be made of it. */
  keep: (object: Stored<T>) => K | undefined;
  /** A connection was ended for its silence. */
  onSilent: () => void;
  /** A list or watch failed for now, and is tried again. `failures` counts those in a row. */
  onFailure: (error: ApiError, next: { retryInMs: number; failures: number }) => void;
}

const PAGE_SIZE = 500;
const SILENT_AFTER_MS = 150_000;
const RETRY = { firstMs: 800, longestMs: 30_000 };

/** A proxy in the way may name any time; without caches the operator sees nothing. */
const LONGEST_RETRY_AFTER_MS = 60_000;

/** The server ends a watch after five to ten minutes, each at its own moment. */
const WATCH_SECONDS = { least: 300, spread: 300 };
/** A watch that lasted so long makes the next failure a first one. */
const HEALTHY_AFTER_MS = 30_000;
/** A server or proxy that ends each watch at once must not be asked again at once. */
const SHORTEST_WATCH_MS = 1_000;
/** After so many failures in a row the resourceVersion itself may be at fault. */
const RELIST_EVERY_FAILURES = 5;
/** A paged list that twice falls out of the server's history is then asked for in one piece. */
const PAGED_TRIES = 2;
/** A missing CRD or right comes by a person's hand: asked for calmly. */
const CALM_MS = { least: 10_000, spread: 20_000 };

/**
 * Keeps a store up to date by list and watch: the only one who writes it, but for own writes.
 *
 * Lists are read page by page and object by object, and only what is kept of each stays in memory. A
 * watch goes on from its last resourceVersion when it ends. After a failure it does so with backoff
 * and full jitter, or as Retry-After says. When the server no longer has that version (410), the list
 * is read anew and compared. A resource that the server does not know keeps what was last seen of
 * it.
 */
export class Reflector<T extends KubernetesObject, K extends KeptObject> {
  readonly #options: ReflectorOptions<T, K>;
  readonly #store: ObjectStore<K>;
  readonly #sync: SyncTracker;
  readonly #silence: SilenceOptions;
  readonly #backoff: Backoff;
  readonly #pageSize: PageSize;
  #state: WatchState = UNLISTED;

  constructor(options: ReflectorOptions<T, K>) {
    const { clock, random, pageSize = PAGE_SIZE, silentAfterMs = SILENT_AFTER_MS } = options;
    this.#options = options;
    this.#store = options.store;
    this.#sync = options.sync;
    this.#backoff = new Backoff(RETRY, random);
    this.#pageSize = new PageSize(pageSize);
    this.#silence = { clock, silentAfterMs, onSilent: () => this.#silent() };
  }

  /** Lists and watches until `signal` aborts, and then resolves. Run it once. */
  async run(signal: AbortSignal): Promise<void> {
    try {
      while (!signal.aborted) await this.#once(signal);
    } finally {
      this.#sync.stop();
    }
  }

  async #once(signal: AbortSignal): Promise<void> {
    try {
      if (this.#state.kind === "listing") await this.#list(signal);
      await this.#watch(signal);
    } catch (error) {
      if (signal.aborted) return;
      const delayMs = this.#failed(ApiError.from(error));
      // Only an abort rejects, and that ends the caller's loop.
      await sleep(this.#options.clock, delayMs, signal).catch(() => undefined);
    }
  }

  async #list(signal: AbortSignal): Promise<void> {
    for (let tries = 1;; tries += 1) {
      const paged = tries <= PAGED_TRIES;
      try {
        await withWatchdog(signal, this.#silence, (connection) => this.#pages(connection, paged));
        this.#state = listed(this.#state);
        return;
      } catch (error) {
        const failure = ApiError.from(error, signal);
        if (!isExpired(failure) || tries > PAGED_TRIES) throw failure;
      }
    }
  }

  async #pages(connection: GuardedConnection, paged: boolean): Promise<void> {
    this.#store.beginList();
    let page = await this.#page(connection, paged);
    while (page.continue !== undefined) {
      page = await this.#page(connection, paged, page.continue);
    }
    const { breather } = this.#options;
    for (const _ of this.#store.endList(page.resourceVersion)) {
      if (breather?.isDue) await breather.pause();
    }
  }

  /**
   * Answers where the list goes on, not the objects: each is made what is kept of it before the next
   * is parsed.
   */
  async #page(
    connection: GuardedConnection,
    paged: boolean,
    next?: string,
  ): Promise<Pick<Page<T>, "continue" | "resourceVersion">> {
    const limit = paged ? this.#pageSize.next : undefined;
    let objects = 0;
    const each = (object: Stored<T>) => {
      objects++;
      connection.heard();
      const kept = this.#options.keep(object);
      if (kept !== undefined) this.#store.applyListed(kept);
    };
    const { breather, resource } = this.#options;
    const options = { ...this.#selection(connection.signal), limit, continue: next, breather };
    try {
      const page = await resource.list(options, each);
      connection.heard();
      // A resource that knows nothing of `each` hands over all at once.
      for (const object of page.items) {
        if (breather?.isDue) await breather.pause();
        each(object);
      }
      this.#pageSize.read(objects, page.bytes);
      return page;
    } catch (error) {
      if (objects > 0 || isServerTimeout(error)) this.#pageSize.failed();
      throw error;
    }
  }

  async #watch(signal: AbortSignal): Promise<void> {
    const { resource, random, clock } = this.#options;
    const timeoutSeconds = WATCH_SECONDS.least + Math.floor(random() * WATCH_SECONDS.spread);
    const startedAt = clock.now();
    await withWatchdog(signal, this.#silence, async (connection) => {
      const events = await resource.watch({
        ...this.#selection(connection.signal),
        resourceVersion: this.#store.version ?? "",
        timeoutSeconds,
        allowWatchBookmarks: true,
      });
      connection.heard();
      this.#state = standing(clock.now());
      this.#sync.enter("synced", "the watch stands");
      await this.#follow(events, connection);
    });
    this.#state = ended(this.#state);
    const lastedMs = clock.now() - startedAt;
    if (lastedMs < SHORTEST_WATCH_MS) throw shortWatch(lastedMs);
  }

  async #follow(
    events: ReadableStream<WatchEvent<T>>,
    connection: GuardedConnection,
  ): Promise<void> {
    const { breather } = this.#options;
    const { signal } = connection;
    const reader = events.getReader();
    // What cancelling itself meets does not matter: nothing more is wanted of this stream.
    const cancel = () => reader.cancel(signal.reason).catch(() => undefined);
    const onAbort = () => {
      cancelled = cancel();
    };
    let cancelled: Promise<void> | undefined;
    signal.addEventListener("abort", onAbort, { once: true });
    try {
      while (!signal.aborted) {
        const { done, value } = await reader.read();
        if (done) break;
        connection.heard();
        this.#state = heard(this.#state);
        if (breather?.isDue) await breather.pause();
        this.#apply(value);
      }
      signal.throwIfAborted();
    } finally {
      signal.removeEventListener("abort", onAbort);
      await (cancelled ?? cancel());
    }
  }

  #apply(event: WatchEvent<T>): void {
    switch (event.type) {
      case "BOOKMARK":
        return this.#store.advance(event.resourceVersion);
      case "DELETED":
        return this.#store.applyDeleted(event.object);
      case "ERROR":
        // Whatever the server could not send is only to be had by a list.
        this.#state = incomplete(this.#state);
        throw event.error;
      default: {
        const { metadata } = event.object;
        // Most events are the echoes of own writes, whose answers were taken in before.
        const kept = this.#store.isNews(metadata) ? this.#options.keep(event.object) : undefined;
        if (kept !== undefined) this.#store.applyChanged(kept);
        else this.#store.advance(metadata.resourceVersion);
      }
    }
  }

  #silent(): void {
    this.#state = silent(this.#state);
    this.#options.onSilent();
  }

  /** Notes a failure. Answers how long to wait before the next try, in ms. */
  #failed(error: ApiError): number {
    const { watch } = this.#state;
    const isHealthy = watch !== undefined &&
      this.#options.clock.now() - watch.since >= HEALTHY_AFTER_MS;
    if (isHealthy) this.#backoff.reset();
    const lasting = lastingFailure(error);
    return lasting ? this.#failedUntilChanged(error, lasting) : this.#failedForNow(error);
  }

  #failedUntilChanged(error: ApiError, state: "absent" | "refused"): number {
    this.#state = failed(this.#state, state === "absent");
    this.#sync.enter(state, error.message);
    const calmMs = CALM_MS.least + this.#options.random() * CALM_MS.spread;
    return Math.max(askedToWait(error), calmMs);
  }

  #failedForNow(error: ApiError): number {
    this.#sync.disconnected(error.message);
    const expired: boolean = isExpired(error);
    const backoffMs = this.#backoff.next(askedToWait(error));
    const { failures } = this.#backoff;
    const mustList = expired || error.reason === "BadAnswer" ||
      failures % RELIST_EVERY_FAILURES === 0;
    this.#state = failed(this.#state, mustList);
    // An old resourceVersion says nothing about the server's health.
    const retryInMs = expired && failures === 1 ? askedToWait(error) : backoffMs;
    this.#options.onFailure(error, { retryInMs, failures });
    return retryInMs;
  }

  #selection(signal: AbortSignal) {
    const { namespace, labelSelector, fieldSelector } = this.#options;
    return { namespace, labelSelector, fieldSelector, signal };
  }
}

/** In milliseconds. */
function askedToWait({ retryAfterMs = 0 }: ApiError): number {
  return Math.min(retryAfterMs, LONGEST_RETRY_AFTER_MS);
}

/** The server could not make its answer in time. */
function isServerTimeout(error: unknown): boolean {
  return error instanceof ApiError && error.code === 504;
}

/** A failure that only a person's change of the cluster ends. */
function lastingFailure(error: ApiError): "absent" | "refused" | undefined {
  // Where a group has no resource at all, the server answers a plain 404 page without a Status.
  if (error.code === 404) return "absent";
  return isForbidden(error) ? "refused" : undefined;
}

function shortWatch(lastedMs: number): ApiError {
  return new ApiError({
    code: 0,
    reason: "Truncated",
    message: `the watch ended after ${lastedMs} ms`,
  });
}
