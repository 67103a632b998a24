import { NAMESPACE } from "../builtin/namespace.ts";
import { SERVICE_ACCOUNT } from "../builtin/service_account.ts";
import type { Core } from "../core.ts";
import { draftOf, type KubeObject } from "../model/object.ts";
import { type ResourceType, storageKey } from "../model/resource.ts";
import type { Commit } from "../storage/store.ts";
import { createDraft } from "../verbs/create.ts";
import { deleteObject } from "../verbs/delete.ts";
import { isHeld } from "../verbs/update.ts";
import type { Controller } from "./controllers.ts";

/** Empties namespaces that are being deleted and lets them go. */
export class NamespaceController implements Controller {
  readonly #core: Core;

  constructor(core: Core) {
    this.#core = core;
  }

  onCommit(commit: Commit): void {
    const own = commit.resource === storageKey(NAMESPACE);
    const name = own ? commit.object.metadata.name : commit.object.metadata.namespace;
    if (name === undefined || (commit.type === "DELETED" && own)) return;
    if (!own && commit.type !== "DELETED") return;
    const namespace = this.#core.store.get(NAMESPACE, { namespace: "", name });
    if (namespace?.metadata.deletionTimestamp !== undefined) this.#empty(namespace);
  }

  #empty(namespace: KubeObject): void {
    const { name } = namespace.metadata;
    const types = this.#core.registry.all().filter((type) => type.namespaced);
    for (const type of types) this.#deleteAll(type, name);
    const left = types.some((type) => this.#core.store.collection(type).list(name).length > 0);
    if (!left) this.#finish(namespace);
  }

  #deleteAll(type: ResourceType, namespace: string): void {
    const options = { dryRun: false, propagation: "", uid: undefined, resourceVersion: undefined };
    for (const object of this.#core.store.collection(type).list(namespace)) {
      if (object.metadata.deletionTimestamp !== undefined) continue;
      deleteObject(this.#core, type, { namespace, name: object.metadata.name }, options);
    }
  }

  #finish(namespace: KubeObject): void {
    const present = this.#core.store.get(NAMESPACE, {
      namespace: "",
      name: namespace.metadata.name,
    });
    if (present === undefined) return;
    const draft = draftOf(present);
    draft.spec = { finalizers: [] };
    if (isHeld(draft)) this.#core.store.put(NAMESPACE, draft, present);
    else this.#core.store.remove(NAMESPACE, present);
  }
}

/** Creates the ServiceAccount `default` in every new namespace. */
export class ServiceAccountController implements Controller {
  readonly #core: Core;

  constructor(core: Core) {
    this.#core = core;
  }

  onCommit(commit: Commit): void {
    if (commit.resource !== storageKey(NAMESPACE) || commit.type !== "ADDED") return;
    const namespace = commit.object.metadata.name;
    if (this.#core.store.get(SERVICE_ACCOUNT, { namespace, name: "default" }) !== undefined) return;
    const draft = { apiVersion: "v1", kind: "ServiceAccount", metadata: { name: "default" } };
    const options = { dryRun: false, manager: "kube-controller-manager" };
    createDraft(this.#core, SERVICE_ACCOUNT, draft, namespace, options);
  }
}
