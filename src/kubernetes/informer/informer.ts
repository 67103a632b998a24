import type { Breather } from "../../runtime/time/breather.ts";
import { type Clock, sleep } from "../../runtime/time/clock.ts";
import type { Random } from "../../runtime/random.ts";
import { Backoff } from "../../runtime/time/backoff.ts";
import { ApiError, isExpired, isForbidden } from "../http/errors.ts";
import type { IndexFunction } from "./object_index.ts";
import { ObjectStore, type StoreSubscriber } from "./object_store.ts";
import { PageSize } from "./page_size.ts";
import type {
  KubernetesObject,
  ListWatch,
  Page,
  Stored,
  WatchEvent,
} from "../resources/resource_client.ts";
import { type SyncState, SyncTracker } from "./sync_state.ts";
import { type GuardedConnection, type SilenceOptions, withWatchdog } from "./watchdog.ts";

export type { SyncState } from "./sync_state.ts";

/** Is told what happens to the objects. Objects are shared with the informer: change none. */
export interface InformerSubscriber<T extends KubernetesObject> extends StoreSubscriber<T> {
  /** The state has become `synced`, for the first time or again. */
  synced?(): void;
}

/** Is told what happens to the informer itself, for logs and metrics. */
export interface InformerReport {
  /** Once for every change of state. */
  stateChanged?(state: SyncState, reason: string, previous: SyncState): void;
  /** A list or watch failed. `failures` counts those in a row; 1 is worth a line, more rarely. */
  failed?(error: ApiError, next: { retryInMs: number; failures: number }): void;
  /** `trim`, a subscriber, an index or `onSilent` threw. The informer goes on. */
  callbackFailed?(error: unknown): void;
}

/** Settings of an informer; moments and durations in ms. */
export interface InformerOptions<T extends KubernetesObject> {
  /** For messages, such as `acrpullbindings v1beta2`. */
  name: string;
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
   * Makes of every object what is kept of it, given what is kept of the one before, parts of which it
   * may share; if left out, all but `metadata.managedFields`.
   */
  trim?: (object: Stored<T>, previous: Stored<T> | undefined) => Stored<T>;
  /**
   * A connection silent for so long is ended; 150,000 if left out. A watch hears a bookmark about
   * every minute.
   */
  silentAfterMs?: number;
  /** Without a connection for so long, the state is `desynced`; 30,000 if left out. */
  desyncedAfterMs?: number;
  /** Lets others have their turn while thousands of objects are taken in. */
  breather?: Breather;
  /** Called when a connection was ended for its silence, so that the transport can renew its own. */
  onSilent?: () => void;
  report?: InformerReport;
}

const PAGE_SIZE = 500;
const SILENT_AFTER_MS = 150_000;
const DESYNCED_AFTER_MS = 30_000;
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

/** What is kept of an object by default: all but `metadata.managedFields`. */
export function withoutManagedFields<T extends KubernetesObject>(object: Stored<T>): Stored<T> {
  // A copy, since `delete` would turn the object into a hash table, which takes more memory.
  const { managedFields: _, ...metadata } = object.metadata;
  return { ...object, metadata } as Stored<T>;
}

/**
 * Holds the objects of one resource, kept up to date by list and watch. Everything it answers is
 * from memory.
 *
 * Lists are read page by page and object by object, and only what `trim` leaves is kept. A watch
 * goes on from its last resourceVersion when it ends. After a failure it does so with backoff and
 * full jitter, or as Retry-After says. When the server no longer has that version (410), the list
 * is read anew and compared. A resource that the server does not know keeps what was last seen of
 * it.
 */
export class Informer<T extends KubernetesObject> {
  readonly name: string;
  readonly #options: InformerOptions<T>;
  readonly #trim: (object: Stored<T>, previous: Stored<T> | undefined) => Stored<T>;
  readonly #silence: SilenceOptions;
  readonly #backoff: Backoff;
  readonly #tracker: SyncTracker;
  readonly #store: ObjectStore<T>;
  readonly #pageSize: PageSize;
  readonly #subscribers = new Set<InformerSubscriber<T>>();
  #mustList = true;
  #watchingSince: number | undefined;
  /** A watch stands that has told nothing so far. */
  #unheard = false;

  constructor(options: InformerOptions<T>) {
    const { clock, random } = options;
    this.name = options.name;
    this.#options = options;
    this.#trim = options.trim ?? withoutManagedFields;
    this.#backoff = new Backoff(RETRY, random);
    this.#pageSize = new PageSize(options.pageSize ?? PAGE_SIZE);
    this.#silence = {
      clock,
      silentAfterMs: options.silentAfterMs ?? SILENT_AFTER_MS,
      onSilent: () => this.#silent(),
    };
    this.#tracker = new SyncTracker(
      clock,
      options.desyncedAfterMs ?? DESYNCED_AFTER_MS,
      (...change) => this.#stateChanged(...change),
    );
    this.#store = new ObjectStore(clock, {
      changed: (object, previous) => this.#tell((each) => each.changed?.(object, previous)),
      removed: (object) => this.#tell((each) => each.removed?.(object)),
    });
  }

  get state(): SyncState {
    return this.#tracker.state;
  }

  /** Why the state is what it is. */
  get stateReason(): string {
    return this.#tracker.reason;
  }

  get synced(): boolean {
    return this.#tracker.state === "synced";
  }

  get size(): number {
    return this.#store.size;
  }

  /** Resolves once the state is `synced`; rejects with the signal's reason when that comes first. */
  whenSynced(signal?: AbortSignal): Promise<void> {
    return this.#tracker.whenSynced(signal);
  }

  get(namespace: string, name: string): Stored<T> | undefined {
    return this.#store.get(namespace, name);
  }

  values(): IterableIterator<Stored<T>> {
    return this.#store.values();
  }

  /** Adds an index. `keysOf` must be pure; when it throws, the object is in no place of the index. */
  addIndex(name: string, keysOf: IndexFunction<T>): void {
    this.#store.addIndex(name, (object) => this.#call(() => keysOf(object)) ?? []);
  }

  /** The objects that an index has under a key. Throws a TypeError for an unknown index. */
  byIndex(name: string, key: string): Stored<T>[] {
    return this.#store.byIndex(name, key);
  }

  /** Tells a subscriber of what happens from now on. Answers a function that ends it. */
  subscribe(subscriber: InformerSubscriber<T>): () => void {
    this.#subscribers.add(subscriber);
    return () => this.#subscribers.delete(subscriber);
  }

  /**
   * Takes in the answer to an own write, so that the next decision sees it without waiting for the
   * watch. Of two states the newer is kept, whichever comes last. Pass only what this informer's
   * namespace and selectors match.
   */
  observe(object: Stored<T>): void {
    const kept = this.#kept(object);
    if (kept !== undefined) this.#store.observe(kept);
  }

  /** Takes in an own deletion that left nothing, not even an object that waits for finalizers. */
  forget(namespace: string, name: string, uid: string): void {
    this.#store.forget(namespace, name, uid);
  }

  /** Whether `forget` was told of that uid lately: whatever was read of it is history. */
  isForgotten(uid: string): boolean {
    return this.#store.isForgotten(uid);
  }

  /**
   * Lets go of an object that was taken in by `observe` and that no watch keeps up to date, since
   * nobody needs it any more. It may be taken in again.
   */
  drop(namespace: string, name: string): void {
    this.#store.drop(namespace, name);
  }

  /** Lists and watches until `signal` aborts, and then resolves. Failures are reported. Run it once. */
  async run(signal: AbortSignal): Promise<void> {
    try {
      while (!signal.aborted) await this.#once(signal);
    } finally {
      this.#tracker.stop();
    }
  }

  async #once(signal: AbortSignal): Promise<void> {
    try {
      if (this.#mustList) await this.#list(signal);
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
        this.#mustList = false;
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

  /** Answers where the list goes on, not the objects: each is trimmed before the next is parsed. */
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
      const kept = this.#kept(object);
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
      this.#watchingSince = clock.now();
      this.#unheard = true;
      this.#tracker.enter("synced", "the watch stands");
      await this.#follow(events, connection);
    });
    const lastedMs = clock.now() - startedAt;
    if (lastedMs < SHORTEST_WATCH_MS) throw shortWatch(lastedMs);
  }

  async #follow(
    events: ReadableStream<WatchEvent<T>>,
    { signal, heard }: GuardedConnection,
  ): Promise<void> {
    const { breather } = this.#options;
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
        heard();
        this.#unheard = false;
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
        this.#mustList = true;
        throw event.error;
      default: {
        const { metadata } = event.object;
        // Most events are the echoes of own writes, whose answers were taken in before.
        const kept = this.#store.isNews(metadata) ? this.#kept(event.object) : undefined;
        if (kept !== undefined) this.#store.applyChanged(kept);
        else this.#store.advance(metadata.resourceVersion);
      }
    }
  }

  /** Undefined for an object of which nothing can be made, which must not keep the others away. */
  #kept(object: Stored<T>): Stored<T> | undefined {
    const { namespace, name } = object.metadata;
    return this.#call(() => this.#trim(object, this.#store.get(namespace, name)));
  }

  #silent(): void {
    // A server whose history ends before our version (one restored from a backup) accepts the watch
    // and tells nothing, not even a bookmark, until it has caught up.
    this.#mustList ||= this.#unheard;
    this.#call(() => this.#options.onSilent?.());
  }

  /** Notes a failure. Answers how long to wait before the next try, in ms. */
  #failed(error: ApiError): number {
    const since = this.#watchingSince;
    this.#watchingSince = undefined;
    this.#unheard = false;
    if (since !== undefined && this.#options.clock.now() - since >= HEALTHY_AFTER_MS) {
      this.#backoff.reset();
    }
    const standing = standingFailure(error);
    return standing ? this.#failedUntilChanged(error, standing) : this.#failedForNow(error);
  }

  #failedUntilChanged(error: ApiError, state: "absent" | "refused"): number {
    this.#mustList ||= state === "absent";
    this.#tracker.enter(state, error.message);
    const calmMs = CALM_MS.least + this.#options.random() * CALM_MS.spread;
    return Math.max(askedToWait(error), calmMs);
  }

  #failedForNow(error: ApiError): number {
    this.#tracker.disconnected(error.message);
    const expired: boolean = isExpired(error);
    const backoffMs = this.#backoff.next(askedToWait(error));
    const { failures } = this.#backoff;
    this.#mustList ||= expired || error.reason === "BadAnswer" ||
      failures % RELIST_EVERY_FAILURES === 0;
    // An old resourceVersion says nothing about the server's health.
    const retryInMs = expired && failures === 1 ? askedToWait(error) : backoffMs;
    this.#call(() => this.#options.report?.failed?.(error, { retryInMs, failures }));
    return retryInMs;
  }

  #stateChanged(state: SyncState, reason: string, previous: SyncState): void {
    this.#call(() => this.#options.report?.stateChanged?.(state, reason, previous));
    if (state === "synced") this.#tell((each) => each.synced?.());
  }

  #selection(signal: AbortSignal) {
    const { namespace, labelSelector, fieldSelector } = this.#options;
    return { namespace, labelSelector, fieldSelector, signal };
  }

  #tell(tell: (subscriber: InformerSubscriber<T>) => void): void {
    for (const subscriber of this.#subscribers) this.#call(() => tell(subscriber));
  }

  /** Runs another's code: what it throws is reported and ends nothing. */
  #call<R>(callback: () => R): R | undefined {
    try {
      return callback();
    } catch (error) {
      this.#options.report?.callbackFailed?.(error);
      return undefined;
    }
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
function standingFailure(error: ApiError): "absent" | "refused" | undefined {
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
