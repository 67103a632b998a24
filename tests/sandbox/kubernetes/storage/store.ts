import { type KubeObject, type OwnerReference } from "../model/object.ts";
import { type ResourceType, storageKey } from "../model/resource.ts";
import { Collection, type ObjectKey } from "./collection.ts";
import type { StoredEvent } from "./history.ts";

/** A committed write together with the resource it belongs to. */
export interface Commit extends StoredEvent {
  readonly resource: string;
}

/** Where an object lies, in which resource. */
export interface Place {
  /** As `storageKey` names it. */
  readonly resource: string;
  readonly key: ObjectKey;
}

/** etcd's part: every object, one revision for all, and who depends on whom. */
export class Store {
  #revision = 1;
  readonly #historySize: number;
  readonly #collections = new Map<string, Collection>();
  readonly #byUid = new Map<string, Place>();
  readonly #dependents = new Map<string, Set<string>>();
  readonly #commits: Commit[] = [];

  constructor(historySize: number) {
    this.#historySize = historySize;
  }

  /** The latest resourceVersion given out. */
  get revision(): number {
    return this.#revision;
  }

  collection(type: { group: string; plural: string }): Collection {
    const key = storageKey(type);
    let collection = this.#collections.get(key);
    if (collection === undefined) {
      collection = new Collection(this.#historySize);
      collection.history.compact(this.#revision - 1);
      this.#collections.set(key, collection);
    }
    return collection;
  }

  get(type: ResourceType, key: ObjectKey): KubeObject | undefined {
    return this.collection(type).get(key);
  }

  /** Stores a new or changed object under the next revision and answers it as stored. */
  put(type: ResourceType, draft: KubeObject, previous: KubeObject | undefined): KubeObject {
    const revision = ++this.#revision;
    const object = withRevision(draft, revision);
    this.#index(type, object, previous);
    this.#commit(type, {
      revision,
      type: previous === undefined ? "ADDED" : "MODIFIED",
      object,
      ...(previous === undefined ? {} : { previous }),
    });
    return object;
  }

  /** Removes an object. Its last state under the next revision is the event's, and the answer. */
  remove(type: ResourceType, previous: KubeObject): KubeObject {
    const revision = ++this.#revision;
    this.#unindex(previous);
    const object = withRevision(previous, revision);
    this.#commit(type, { revision, type: "DELETED", object, previous });
    return object;
  }

  /** Forgets all history: watches and pages from before now answer 410. */
  compact(): void {
    for (const collection of this.#collections.values()) collection.history.compact(this.#revision);
  }

  /** Whether any object has this uid. */
  hasUid(uid: string): boolean {
    return this.#byUid.has(uid);
  }

  /** Where the object with this uid lies. */
  placeOf(uid: string): Place | undefined {
    return this.#byUid.get(uid);
  }

  /** Where the objects lie that name `uid` among their owners. */
  dependentsOf(uid: string): Place[] {
    return [...this.#dependents.get(uid) ?? []].flatMap((dependent) => {
      const place = this.#byUid.get(dependent);
      return place === undefined ? [] : [place];
    });
  }

  /** The commits since the last call, oldest first. */
  takeCommits(): Commit[] {
    return this.#commits.splice(0);
  }

  #commit(type: ResourceType, event: StoredEvent): void {
    this.#commits.push({ ...event, resource: storageKey(type) });
    this.collection(type).commit(event);
  }

  #index(type: ResourceType, object: KubeObject, previous: KubeObject | undefined): void {
    const { uid = "", namespace = "", name } = object.metadata;
    this.#byUid.set(uid, { resource: storageKey(type), key: { namespace, name } });
    if (previous?.metadata.ownerReferences === object.metadata.ownerReferences) return;
    for (const owner of owners(previous)) this.#dependents.get(owner.uid)?.delete(uid);
    for (const owner of owners(object)) {
      const known = this.#dependents.get(owner.uid);
      if (known === undefined) this.#dependents.set(owner.uid, new Set([uid]));
      else known.add(uid);
    }
  }

  #unindex(object: KubeObject): void {
    const uid = object.metadata.uid ?? "";
    this.#byUid.delete(uid);
    for (const owner of owners(object)) this.#dependents.get(owner.uid)?.delete(uid);
  }
}

function owners(object: KubeObject | undefined): readonly OwnerReference[] {
  return object?.metadata.ownerReferences ?? [];
}

function withRevision(object: KubeObject, revision: number): KubeObject {
  const metadata = { ...object.metadata, resourceVersion: String(revision) };
  return { ...object, metadata };
}
