import type { KubeObject } from "../model/object.ts";
import { History, type StoredEvent } from "./history.ts";

/** Where an object lies: `namespace` is "" for cluster-scoped kinds. */
export interface ObjectKey {
  readonly namespace: string;
  readonly name: string;
}

/** All objects of one resource, its history and its listeners. */
export class Collection {
  readonly history: History;
  readonly listeners = new Set<(event: StoredEvent) => void>();
  readonly #namespaces = new Map<string, Map<string, KubeObject>>();

  constructor(historySize: number) {
    this.history = new History(historySize);
  }

  get({ namespace, name }: ObjectKey): KubeObject | undefined {
    return this.#namespaces.get(namespace)?.get(name);
  }

  /** The objects of one namespace, or of all when it is undefined, in the order of their keys. */
  list(namespace: string | undefined): KubeObject[] {
    const groups = namespace === undefined ? [...this.#namespaces.keys()].sort() : [namespace];
    return groups.flatMap((group) => {
      const objects = this.#namespaces.get(group);
      return objects === undefined
        ? []
        : [...objects.keys()].sort().map((name) => objects.get(name)!);
    });
  }

  /** As `list`, but as it was at `revision`. Throws 410 when the history does not reach back. */
  listAt(namespace: string | undefined, revision: number): KubeObject[] {
    const undone = [...this.history.since(revision)].reverse();
    if (undone.length === 0) return this.list(namespace);
    const objects = new Map(this.list(namespace).map((object) => [sortKey(object), object]));
    for (const event of undone) {
      const place = event.object.metadata.namespace ?? "";
      if (namespace !== undefined && place !== namespace) continue;
      if (event.previous === undefined) objects.delete(sortKey(event.object));
      else objects.set(sortKey(event.previous), event.previous);
    }
    return [...objects.keys()].sort().map((key) => objects.get(key)!);
  }

  /** Has each object read otherwise from now on. Nothing is written, and nobody is told. */
  reread(read: (object: KubeObject) => KubeObject): void {
    for (const objects of this.#namespaces.values()) {
      for (const [name, object] of objects) objects.set(name, read(object));
    }
  }

  /** Puts `event` into effect and tells the listeners. */
  commit(event: StoredEvent): void {
    const { namespace = "", name } = event.object.metadata;
    let objects = this.#namespaces.get(namespace);
    if (objects === undefined) this.#namespaces.set(namespace, objects = new Map());
    if (event.type === "DELETED") objects.delete(name);
    else objects.set(name, event.object);
    if (objects.size === 0) this.#namespaces.delete(namespace);
    this.history.append(event);
    for (const listener of [...this.listeners]) listener(event);
  }
}

/** Sorts as etcd sorts keys: by namespace, then by name. */
export function sortKey(object: KubeObject): string {
  return `${object.metadata.namespace ?? ""}\u0000${object.metadata.name}`;
}
