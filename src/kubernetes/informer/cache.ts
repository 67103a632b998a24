import type { KubernetesObject, Stored, StoredIdentity } from "../resources/object.ts";
import type { SyncState } from "./sync_state.ts";

/** What is kept of an object: whatever its readers need, and what it is known by. */
export interface KeptObject {
  readonly metadata: StoredIdentity;
}

/** The keys under which an index finds an object. Pure: asked again when the object leaves. */
export type IndexFunction<K extends KeptObject> = (object: K) => readonly string[];

/** Is told what happens to the objects. Objects are shared with the cache: change none. */
export interface CacheSubscriber<K extends KeptObject> {
  changed?(object: K, previous: K | undefined): void;
  removed?(object: K): void;
  /** The state has become `synced`, for the first time or again. */
  synced?(): void;
}

/** The objects of one resource, for those who read them. Everything is answered from memory. */
export interface CacheReader<K extends KeptObject> {
  readonly name: string;
  readonly state: SyncState;
  /** Why the state is what it is. */
  readonly stateReason: string;
  readonly synced: boolean;
  readonly size: number;
  get(namespace: string, name: string): K | undefined;
  values(): IterableIterator<K>;
  /** The objects that an index has under a key. Throws a TypeError for an unknown index. */
  byIndex(name: string, key: string): K[];
  /** Adds an index. `keysOf` must be pure; when it throws, the object is in no place of the index. */
  addIndex(name: string, keysOf: IndexFunction<K>): void;
  /** Tells a subscriber of what happens from now on. Answers a function that ends it. */
  subscribe(subscriber: CacheSubscriber<K>): () => void;
  /** Whether an own deletion ended that uid lately: whatever was read of it is history. */
  isForgotten(uid: string): boolean;
}

/** The same objects, for those who write them at the API server and know the answers. */
export interface CacheWriter<T extends KubernetesObject, K extends KeptObject = Stored<T>> {
  get(namespace: string, name: string): K | undefined;
  /**
   * Takes in the answer to an own write, so that the next decision sees it without waiting for the
   * watch. Of two states the newer is kept, whichever comes last. Pass only what the cache's
   * namespace and selectors match.
   */
  observe(object: Stored<T>): void;
  /** Takes in an own deletion that left nothing, not even an object that waits for finalizers. */
  forget(namespace: string, name: string, uid: string): void;
  /**
   * Lets go of an object that was taken in by `observe` and that no watch keeps up to date, since
   * nobody needs it any more. It may be taken in again.
   */
  drop(namespace: string, name: string): void;
}
