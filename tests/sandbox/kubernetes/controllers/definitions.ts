import {
  CLEANUP_FINALIZER,
  CUSTOM_RESOURCE_DEFINITION,
} from "../builtin/custom_resource_definition.ts";
import type { Core } from "../core.ts";
import { customResources } from "../custom/custom_resource.ts";
import { definitionSpec } from "../custom/definition.ts";
import { compareFields, readOwnership, trackUpdate } from "../fields/managed_fields.ts";
import { isObject, type JsonObject } from "../model/json.ts";
import { draftOf, type KubeObject, type ManagedFieldsEntry } from "../model/object.ts";
import { storageKey } from "../model/resource.ts";
import { applyDefaults } from "../schema/defaults.ts";
import type { Commit } from "../storage/store.ts";
import { deleteObject } from "../verbs/delete.ts";
import type { Controller } from "./controllers.ts";

const RESOURCE = storageKey(CUSTOM_RESOURCE_DEFINITION);

/** Establishes definitions, serves what they define, and empties them before they go. */
export class DefinitionController implements Controller {
  readonly #core: Core;

  constructor(core: Core) {
    this.#core = core;
  }

  onCommit(commit: Commit): void {
    if (commit.resource !== RESOURCE) {
      this.#release(commit);
      return;
    }
    const { name } = commit.object.metadata;
    const crd = this.#core.store.get(CUSTOM_RESOURCE_DEFINITION, { namespace: "", name });
    if (crd === undefined) this.#core.registry.remove(name);
    else if (crd.metadata.deletionTimestamp !== undefined) this.#empty(crd);
    else {
      if (commit.type === "ADDED" || changesSpec(commit)) this.#define(crd);
      if (!isEstablished(crd)) this.#establish(crd);
    }
  }

  /** What is there already is read with the new definition's defaults. */
  #define(crd: KubeObject): void {
    this.#core.registry.define(crd);
    for (const type of customResources(definitionSpec(crd))) {
      this.#core.store.collection(type).reread((object) => {
        const read = structuredClone(object);
        applyDefaults(read, type.schema);
        return read;
      });
    }
  }

  #establish(crd: KubeObject): void {
    const draft = draftOf(crd);
    const time = this.#core.timestamp();
    draft.status = {
      acceptedNames: definitionSpec(crd).names,
      conditions: [
        condition("NamesAccepted", "NoConflicts", "no conflicts found", time),
        condition(
          "Established",
          "InitialNamesAccepted",
          "the initial names have been accepted",
          time,
        ),
      ],
      storedVersions: storedVersions(crd),
    };
    draft.metadata.managedFields = statusOwners(crd, draft, time);
    this.#core.store.put(CUSTOM_RESOURCE_DEFINITION, draft, crd);
  }

  /** Deletes the objects of a definition that is being deleted. */
  #empty(crd: KubeObject): void {
    const type = customResources(definitionSpec(crd))[0];
    const options = { dryRun: false, propagation: "", uid: undefined, resourceVersion: undefined };
    const objects = type === undefined ? [] : this.#core.store.collection(type).list(undefined);
    for (const object of objects) {
      if (object.metadata.deletionTimestamp !== undefined || type === undefined) continue;
      const { namespace = "", name } = object.metadata;
      deleteObject(this.#core, type, { namespace, name }, options);
    }
    if (type === undefined || this.#core.store.collection(type).list(undefined).length === 0) {
      this.#finish(crd);
    }
  }

  /** A deleted custom object may have been the last that its definition waited for. */
  #release(commit: Commit): void {
    if (commit.type !== "DELETED") return;
    const [group = "", plural = ""] = commit.resource.split("/");
    const crd = this.#core.store.get(CUSTOM_RESOURCE_DEFINITION, {
      namespace: "",
      name: `${plural}.${group}`,
    });
    if (crd?.metadata.deletionTimestamp !== undefined) this.#empty(crd);
  }

  #finish(crd: KubeObject): void {
    const draft = draftOf(crd);
    const left = (draft.metadata.finalizers ?? []).filter((name) => name !== CLEANUP_FINALIZER);
    if (left.length === 0) this.#core.store.remove(CUSTOM_RESOURCE_DEFINITION, crd);
    else if (left.length < (crd.metadata.finalizers ?? []).length) {
      draft.metadata.finalizers = left;
      this.#core.store.put(CUSTOM_RESOURCE_DEFINITION, draft, crd);
    }
  }
}

function statusOwners(crd: KubeObject, draft: KubeObject, time: string): ManagedFieldsEntry[] {
  const changes = compareFields(crd, draft, CUSTOM_RESOURCE_DEFINITION.schema, false);
  return trackUpdate(readOwnership(crd.metadata.managedFields ?? []), changes, {
    manager: "kube-apiserver",
    operation: "Update",
    apiVersion: crd.apiVersion,
    subresource: "status",
    time,
  });
}

function changesSpec(commit: Commit): boolean {
  return commit.previous?.metadata.generation !== commit.object.metadata.generation;
}

function statusOf(crd: KubeObject): JsonObject {
  return isObject(crd.status) ? crd.status : {};
}

function isEstablished(crd: KubeObject): boolean {
  const { conditions } = statusOf(crd);
  return Array.isArray(conditions) &&
    conditions.some((item) =>
      isObject(item) && item.type === "Established" && item.status === "True"
    );
}

function storedVersions(crd: KubeObject): string[] {
  const { storedVersions: stored } = statusOf(crd);
  return Array.isArray(stored) ? stored.map(String) : [];
}

function condition(type: string, reason: string, message: string, time: string): JsonObject {
  return { lastTransitionTime: time, message, reason, status: "True", type };
}
