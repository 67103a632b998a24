import type { Clock } from "../../runtime/time/clock.ts";
import { ObjectIndex } from "./object_index.ts";
import type { StoredIdentity } from "../resources/object.ts";
import type { CacheSubscriber, IndexFunction, KeptObject } from "./cache.ts";
import { isNewer } from "./resource_version.ts";

/** Is told of every change of a store, after it was made. Objects are shared: change none. */
export type StoreSubscriber<K extends KeptObject> = Required<
  Pick<CacheSubscriber<K>, "changed" | "removed">
>;

/** A list being read, page by page. */
interface Listing {
  /** Keys that were held and have not been met in the list so far. */
  missing: Set<string>;
  /** Keys of own writes since the list was asked for: they may be newer than the list. */
  written: Set<string>;
  /** uids that own deletes ended since the list was asked for: it may still hold them. */
  deleted: Set<string>;
}

/** Longer than any event of a living watch can be late. */
const REMEMBER_DELETED_MS = 600_000;

/**
 * The objects that an informer holds, put together from three sources that overtake one another:
 * lists, watch events, and the answers to own writes. What is newer wins, by resourceVersion; the
 * store never goes back to a state older than one it has shown, unless a complete list says so (a
 * server restored from a backup).
 *
 * An own write whose resourceVersion the watch has already passed adds nothing: the watch has told
 * all up to there, a later deletion included.
 */
export class ObjectStore<K extends KeptObject> {
  readonly #clock: Clock;
  readonly #subscriber: StoreSubscriber<K>;
  readonly #objects = new Map<string, K>();
  readonly #indexes = new Map<string, ObjectIndex<K>>();
  /** uids that own deletes ended, with the moment; oldest first. */
  readonly #deleted = new Map<string, number>();
  #listing: Listing | undefined;
  #version: string | undefined;

  constructor(clock: Clock, subscriber: StoreSubscriber<K>) {
    this.#clock = clock;
    this.#subscriber = subscriber;
  }

  /** All that was written up to this resourceVersion is known. Undefined before the first list. */
  get version(): string | undefined {
    return this.#version;
  }

  get size(): number {
    return this.#objects.size;
  }

  get(namespace: string, name: string): K | undefined {
    return this.#objects.get(keyOf(namespace, name));
  }

  values(): IterableIterator<K> {
    return this.#objects.values();
  }

  /** Adds an index, also of what is held already. Throws a TypeError for a name in use. */
  addIndex(name: string, keysOf: IndexFunction<K>): void {
    if (this.#indexes.has(name)) throw new TypeError(`index ${name} exists already`);
    const index = new ObjectIndex(keysOf);
    for (const object of this.#objects.values()) index.add(object);
    this.#indexes.set(name, index);
  }

  /** The objects that an index has under a key. Throws a TypeError for an unknown index. */
  byIndex(name: string, key: string): K[] {
    const index = this.#indexes.get(name);
    if (!index) throw new TypeError(`there is no index ${name}: add it with addIndex`);
    return index.get(key);
  }

  /** A complete, consistent list is about to be asked for. It holds all that was written so far. */
  beginList(): void {
    this.#listing = {
      missing: new Set(this.#objects.keys()),
      written: new Set(),
      deleted: new Set(),
    };
  }

  /** Takes in an object of the list. The list wins over all but own writes made since it began. */
  applyListed(object: K): void {
    const { missing, written, deleted } = this.#listed();
    const key = keyOfObject(object);
    missing.delete(key);
    if (deleted.has(object.metadata.uid)) return;
    const held = this.#objects.get(key);
    if (held && isSameState(held, object)) return;
    if (held && written.has(key) && isNewer(versionOf(held), versionOf(object))) return;
    this.#put(key, object);
  }

  /**
   * The list was read to its end: what it lacked goes, one object a step, as the iterator is asked
   * for the next. Only at its end is the list over.
   */
  *endList(version: string): IterableIterator<void> {
    const { missing, written, deleted } = this.#listed();
    this.#version = version;
    for (const key of missing) {
      yield;
      const held = this.#objects.get(key);
      if (held && !(written.has(key) && isNewer(versionOf(held), version))) this.#remove(key);
    }
    this.#listing = undefined;
    for (const uid of this.#deleted.keys()) {
      if (!deleted.has(uid)) this.#deleted.delete(uid);
    }
  }

  /** Whether `applyChanged` would make anything of an object of that identity. */
  isNews({ namespace, name, uid, resourceVersion }: StoredIdentity): boolean {
    if (this.#deleted.has(uid)) return false;
    const held = this.get(namespace, name);
    return !held || isNewer(resourceVersion, versionOf(held));
  }

  /** Takes in an ADDED or MODIFIED event. */
  applyChanged(object: K): void {
    this.advance(versionOf(object));
    if (this.isNews(object.metadata)) this.#put(keyOfObject(object), object);
  }

  /** Takes in a DELETED event, whose resourceVersion is that of the deletion. */
  applyDeleted(object: KeptObject): void {
    this.advance(versionOf(object));
    this.#deleted.delete(object.metadata.uid);
    const key = keyOfObject(object);
    const held = this.#objects.get(key);
    if (held && !isNewer(versionOf(held), versionOf(object))) this.#remove(key);
  }

  /** The watch has told all up to this resourceVersion. */
  advance(version: string): void {
    if (this.#isAhead(version)) this.#version = version;
    this.#dropOldDeletions();
  }

  #dropOldDeletions(): void {
    const before = this.#clock.now() - REMEMBER_DELETED_MS;
    for (const [uid, at] of this.#deleted) {
      if (at > before) return;
      this.#deleted.delete(uid);
    }
  }

  /** Takes in the answer to an own write. */
  observe(object: K): void {
    if (this.#deleted.has(object.metadata.uid) || !this.#isAhead(versionOf(object))) return;
    const key = keyOfObject(object);
    const held = this.#objects.get(key);
    this.#listing?.written.add(key);
    // Held and not missing means listed already: only a key unknown so far is still to be met.
    if (!held) this.#listing?.missing.add(key);
    if (!held || isNewer(versionOf(object), versionOf(held))) this.#put(key, object);
  }

  /** Takes in an own deletion that is complete. Nothing brings this uid back but a later list. */
  forget(namespace: string, name: string, uid: string): void {
    this.#dropOldDeletions();
    this.#deleted.set(uid, this.#clock.now());
    this.#listing?.deleted.add(uid);
    const key = keyOf(namespace, name);
    if (this.#objects.get(key)?.metadata.uid === uid) this.#remove(key);
  }

  /** Whether an own deletion ended that uid lately, so that whatever else shows it is older. */
  isForgotten(uid: string): boolean {
    return this.#deleted.has(uid);
  }

  /** Lets go of an object, of which this says nothing: it may well be there. */
  drop(namespace: string, name: string): void {
    this.#remove(keyOf(namespace, name));
  }

  #listed(): Listing {
    if (this.#listing) return this.#listing;
    throw new TypeError("beginList must come before applyListed and endList");
  }

  #isAhead(version: string): boolean {
    return this.#version === undefined || isNewer(version, this.#version);
  }

  #put(key: string, object: K): void {
    const previous = this.#objects.get(key);
    const replaced = previous !== undefined && previous.metadata.uid !== object.metadata.uid;
    if (replaced) this.#remove(key);
    else if (previous) this.#unindex(previous);
    this.#objects.set(key, object);
    for (const index of this.#indexes.values()) index.add(object);
    this.#subscriber.changed(object, replaced ? undefined : previous);
  }

  #remove(key: string): void {
    const object = this.#objects.get(key);
    if (!object) return;
    this.#objects.delete(key);
    this.#unindex(object);
    this.#subscriber.removed(object);
  }

  #unindex(object: K): void {
    for (const index of this.#indexes.values()) index.remove(object);
  }
}

function keyOf(namespace: string, name: string): string {
  return `${namespace}/${name}`;
}

function keyOfObject({ metadata }: KeptObject): string {
  return keyOf(metadata.namespace, metadata.name);
}

function versionOf(object: KeptObject): string {
  return object.metadata.resourceVersion;
}

function isSameState(one: KeptObject, other: KeptObject): boolean {
  return one.metadata.uid === other.metadata.uid && versionOf(one) === versionOf(other);
}
