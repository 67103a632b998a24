import type { Core } from "../core.ts";
import { draftOf, type KubeObject, type OwnerReference } from "../model/object.ts";
import type { ResourceType } from "../model/resource.ts";
import type { DeleteOptions } from "../http/options.ts";
import type { ObjectKey } from "../storage/collection.ts";
import type { Commit, Place } from "../storage/store.ts";
import { deleteObject } from "../verbs/delete.ts";
import { isHeld } from "../verbs/update.ts";
import type { Controller } from "./controllers.ts";

const BACKGROUND: DeleteOptions = {
  dryRun: false,
  propagation: "",
  uid: undefined,
  resourceVersion: undefined,
};

/** Deletes what has lost its last owner, and carries out foreground and orphan deletion. */
export class GarbageCollector implements Controller {
  readonly #core: Core;

  constructor(core: Core) {
    this.#core = core;
  }

  onCommit(commit: Commit): void {
    const uid = commit.object.metadata.uid ?? "";
    if (commit.type === "DELETED") {
      for (const place of this.#core.store.dependentsOf(uid)) this.#collect(place);
      for (const owner of commit.object.metadata.ownerReferences ?? []) this.#release(owner);
      return;
    }
    const { namespace = "", name } = commit.object.metadata;
    const place = { resource: commit.resource, key: { namespace, name } };
    if ((commit.object.metadata.ownerReferences ?? []).length > 0) this.#collect(place);
    this.#propagate(place);
  }

  /** A deleted dependent may have been the last that its owner's foreground deletion waited for. */
  #release(owner: OwnerReference): void {
    const place = this.#core.store.placeOf(owner.uid);
    if (place !== undefined) this.#propagate(place);
  }

  /** An object all of whose owners are gone goes too; else only the dead references go. */
  #collect(place: Place): void {
    const [type, object] = this.#find(place);
    if (type === undefined || object === undefined) return;
    const owners = object.metadata.ownerReferences ?? [];
    const living = owners.filter((owner) => this.#core.store.hasUid(owner.uid));
    if (owners.length === 0 || living.length === owners.length) return;
    if (living.length > 0) this.#setOwners(type, object, living);
    else if (object.metadata.deletionTimestamp === undefined) {
      deleteObject(this.#core, type, place.key, BACKGROUND);
    }
  }

  #propagate(place: Place): void {
    const [type, object] = this.#find(place);
    if (type === undefined || object?.metadata.deletionTimestamp === undefined) return;
    const finalizers = object.metadata.finalizers ?? [];
    const dependents = this.#core.store.dependentsOf(object.metadata.uid ?? "");
    if (finalizers.includes("orphan")) {
      for (const dependent of dependents) this.#orphan(dependent, object.metadata.uid ?? "");
      this.#removeFinalizer(type, place.key, "orphan");
    } else if (finalizers.includes("foregroundDeletion")) {
      for (const dependent of dependents) this.#deleteDependent(dependent);
      const blocked = this.#core.store.dependentsOf(object.metadata.uid ?? "").some((dependent) =>
        this.#blocks(dependent, object.metadata.uid ?? "")
      );
      if (!blocked) this.#removeFinalizer(type, place.key, "foregroundDeletion");
    }
  }

  #find(place: Place): [ResourceType | undefined, KubeObject | undefined] {
    const type = this.#core.registry.stored(place.resource);
    return [type, type === undefined ? undefined : this.#core.store.get(type, place.key)];
  }

  #deleteDependent(place: Place): void {
    const [type, object] = this.#find(place);
    if (type === undefined || object?.metadata.deletionTimestamp !== undefined) return;
    deleteObject(this.#core, type, place.key, BACKGROUND);
  }

  #blocks(place: Place, owner: string): boolean {
    const [, object] = this.#find(place);
    return (object?.metadata.ownerReferences ?? []).some((reference) =>
      reference.uid === owner && reference.blockOwnerDeletion === true
    );
  }

  #orphan(place: Place, owner: string): void {
    const [type, object] = this.#find(place);
    if (type === undefined || object === undefined) return;
    const left = (object.metadata.ownerReferences ?? []).filter(({ uid }) => uid !== owner);
    this.#setOwners(type, object, left);
  }

  #setOwners(type: ResourceType, object: KubeObject, owners: OwnerReference[]): void {
    const draft = draftOf(object);
    if (owners.length === 0) delete draft.metadata.ownerReferences;
    else draft.metadata.ownerReferences = owners;
    this.#core.store.put(type, draft, object);
  }

  #removeFinalizer(type: ResourceType, key: ObjectKey, finalizer: string): void {
    const object = this.#core.store.get(type, key);
    if (object === undefined) return;
    const draft = draftOf(object);
    const left = (draft.metadata.finalizers ?? []).filter((name) => name !== finalizer);
    if (left.length === 0) delete draft.metadata.finalizers;
    else draft.metadata.finalizers = left;
    if (isHeld(draft)) this.#core.store.put(type, draft, object);
    else this.#core.store.remove(type, object);
  }
}
