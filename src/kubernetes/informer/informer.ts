import type { ApiError } from "../http/errors.ts";
import type { KubernetesObject, Stored } from "../resources/resource_client.ts";
import type {
  CacheReader,
  CacheSubscriber,
  CacheWriter,
  IndexFunction,
  KeptObject,
} from "./cache.ts";
import { ObjectStore } from "./object_store.ts";
import { type Following, Reflector } from "./reflector.ts";
import { type SyncState, SyncTracker } from "./sync_state.ts";

export type { CacheReader, CacheWriter, KeptObject } from "./cache.ts";
export type { SyncState } from "./sync_state.ts";

/** Is told what happens to the informer itself, for logs and metrics. */
export interface InformerReport {
  /** Once for every change of state. */
  stateChanged?(state: SyncState, reason: string, previous: SyncState): void;
  /** A list or watch failed. `failures` counts those in a row; 1 is worth a line, more rarely. */
  failed?(error: ApiError, next: { retryInMs: number; failures: number }): void;
  /** `keep`, a subscriber, an index or `onSilent` threw. The informer goes on. */
  callbackFailed?(error: unknown): void;
}

/** Settings of an informer; moments and durations in ms. */
export interface InformerOptions<T extends KubernetesObject, K extends KeptObject = Stored<T>>
  extends Following<T> {
  /** For messages, such as `acrpullbindings v1beta2`. */
  name: string;
  /**
   * Makes of every object what is kept of it, given what is kept of the one before, parts of which it
   * may share.
   */
  keep: (object: Stored<T>, previous: K | undefined) => K;
  /** Without a connection for so long, the state is `desynced`; 30,000 if left out. */
  desyncedAfterMs?: number;
  /** Called when a connection was ended for its silence, so that the transport can renew its own. */
  onSilent?: () => void;
  report?: InformerReport;
}

const DESYNCED_AFTER_MS = 30_000;

/**
 * Holds what is kept of the objects of one resource, up to date by list and watch. Who only reads
 * gets it as a CacheReader, and who takes in own writes as a CacheWriter.
 */
export class Informer<T extends KubernetesObject, K extends KeptObject = Stored<T>>
  implements CacheReader<K>, CacheWriter<T, K> {
  readonly name: string;
  readonly #options: InformerOptions<T, K>;
  readonly #sync: SyncTracker;
  readonly #store: ObjectStore<K>;
  readonly #reflector: Reflector<T, K>;
  readonly #subscribers = new Set<CacheSubscriber<K>>();

  constructor(options: InformerOptions<T, K>) {
    const { clock, desyncedAfterMs = DESYNCED_AFTER_MS } = options;
    this.name = options.name;
    this.#options = options;
    this.#sync = new SyncTracker(
      clock,
      desyncedAfterMs,
      (...change) => this.#stateChanged(...change),
    );
    this.#store = new ObjectStore(clock, {
      changed: (object, previous) => this.#tell((each) => each.changed?.(object, previous)),
      removed: (object) => this.#tell((each) => each.removed?.(object)),
    });
    this.#reflector = new Reflector({
      ...options,
      store: this.#store,
      sync: this.#sync,
      keep: (object) => this.#keep(object),
      onSilent: () => this.#call(() => options.onSilent?.()),
      onFailure: (...failure) => this.#call(() => options.report?.failed?.(...failure)),
    });
  }

  get state(): SyncState {
    return this.#sync.state;
  }

  get stateReason(): string {
    return this.#sync.reason;
  }

  get synced(): boolean {
    return this.#sync.state === "synced";
  }

  get size(): number {
    return this.#store.size;
  }

  /** Resolves once the state is `synced`; rejects with the signal's reason when that comes first. */
  whenSynced(signal?: AbortSignal): Promise<void> {
    return this.#sync.whenSynced(signal);
  }

  get(namespace: string, name: string): K | undefined {
    return this.#store.get(namespace, name);
  }

  values(): IterableIterator<K> {
    return this.#store.values();
  }

  addIndex(name: string, keysOf: IndexFunction<K>): void {
    this.#store.addIndex(name, (object) => this.#call(() => keysOf(object)) ?? []);
  }

  byIndex(name: string, key: string): K[] {
    return this.#store.byIndex(name, key);
  }

  subscribe(subscriber: CacheSubscriber<K>): () => void {
    this.#subscribers.add(subscriber);
    return () => this.#subscribers.delete(subscriber);
  }

  observe(object: Stored<T>): void {
    const kept = this.#keep(object);
    if (kept !== undefined) this.#store.observe(kept);
  }

  forget(namespace: string, name: string, uid: string): void {
    this.#store.forget(namespace, name, uid);
  }

  isForgotten(uid: string): boolean {
    return this.#store.isForgotten(uid);
  }

  drop(namespace: string, name: string): void {
    this.#store.drop(namespace, name);
  }

  /** Lists and watches until `signal` aborts, and then resolves. Failures are reported. Run it once. */
  async run(signal: AbortSignal): Promise<void> {
    await this.#reflector.run(signal);
  }

  /** Undefined for an object of which nothing can be made, which must not keep the others away. */
  #keep(object: Stored<T>): K | undefined {
    const { namespace, name } = object.metadata;
    return this.#call(() => this.#options.keep(object, this.#store.get(namespace, name)));
  }

  #stateChanged(state: SyncState, reason: string, previous: SyncState): void {
    this.#call(() => this.#options.report?.stateChanged?.(state, reason, previous));
    if (state === "synced") this.#tell((each) => each.synced?.());
  }

  #tell(tell: (subscriber: CacheSubscriber<K>) => void): void {
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
