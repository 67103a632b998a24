import { parse as parseYaml } from "yaml";
import type { Core } from "../core.ts";
import { reviewed } from "../admission.ts";
import { type DeleteOptions, deleteOptions, managerOf } from "../http/options.ts";
import { badRequest, conflict, forbidden, notFound } from "../model/errors.ts";
import { isObject, type JsonObject } from "../model/json.ts";
import { draftOf, type KubeObject } from "../model/object.ts";
import type { ResourceType } from "../model/resource.ts";
import type { ObjectKey } from "../storage/collection.ts";
import { type Call, keyOf } from "./call.ts";
import { selectObjects } from "./list.ts";
import { isHeld } from "./update.ts";

/** The answer to a delete: the object, for some kinds and while finalizers hold it, or a Status. */
export type Deleted = { object: KubeObject } | { status: JsonObject };

const PROTECTED = new Set(["default", "kube-system", "kube-public"]);

/** Answers a DELETE of one object. */
export function deleteOne(core: Core, call: Call): Deleted {
  const options = deleteOptions(call.url, parseOptions(call.body));
  const object = deleteObject(core, call.type, keyOf(call), options, managerOf(call.userAgent));
  if (isHeld(object) || call.type.returnsDeleted) return { object };
  const { type } = call;
  const details = {
    name: object.metadata.name,
    ...(type.group === "" ? {} : { group: type.group }),
    kind: type.plural,
    uid: object.metadata.uid ?? "",
  };
  return {
    status: { kind: "Status", apiVersion: "v1", metadata: {}, status: "Success", details },
  };
}

/** Answers a DELETE of a collection with the objects as they were deleted. */
export function deleteCollection(core: Core, call: Call): KubeObject[] {
  const options = deleteOptions(call.url, parseOptions(call.body));
  return selectObjects(core, call).map((object) => {
    const { namespace = "", name } = object.metadata;
    const last = deleteObject(core, call.type, { namespace, name }, options);
    return isHeld(last) ? last : object;
  });
}

function parseOptions(body: string): JsonObject {
  if (body.trim() === "") return {};
  try {
    const parsed: unknown = parseYaml(body);
    return isObject(parsed) ? parsed : {};
  } catch (error) {
    throw badRequest(`cannot read the delete options: ${String(error)}`);
  }
}

/**
 * Deletes an object: at once when nothing holds it, else by marking it. Answers its last state.
 * Throws 404, and 409 for a precondition that does not hold.
 */
export function deleteObject(
  core: Core,
  type: ResourceType,
  key: ObjectKey,
  options: DeleteOptions,
  manager = "kube-controller-manager",
): KubeObject {
  const old = core.store.get(type, key);
  if (old === undefined) throw notFound(type, key.name);
  checkPreconditions(old, type, options);
  if (type.plural === "namespaces" && PROTECTED.has(key.name)) {
    throw forbidden(type, key.name, "this namespace may not be deleted");
  }
  const request = reviewed("DELETE", type.plural, { dryRun: options.dryRun, manager });
  core.admission.validate?.({ ...request, oldObject: old });
  const draft = draftOf(old);
  addFinalizer(draft, PROPAGATION_FINALIZERS[options.propagation]);
  if (old.metadata.deletionTimestamp === undefined) addFinalizer(draft, type.cleanupFinalizer);
  if (!isHeld(draft)) {
    return options.dryRun ? old : core.store.remove(type, old);
  }
  if (old.metadata.deletionTimestamp !== undefined) return old;
  markDeleted(core, draft);
  return options.dryRun ? draft : core.store.put(type, draft, old);
}

function checkPreconditions(old: KubeObject, type: ResourceType, options: DeleteOptions): void {
  const { uid, resourceVersion, name } = old.metadata;
  const subject = { group: "", plural: type.custom ? type.plural : type.kind };
  if (options.uid !== undefined && options.uid !== uid) {
    throw conflict(
      { ...subject, group: type.group },
      name,
      `the UID in the precondition (${options.uid}) does not match the UID in record (${uid}). The object might have been deleted and then recreated`,
    );
  }
  if (options.resourceVersion !== undefined && options.resourceVersion !== resourceVersion) {
    throw conflict(
      { ...subject, group: type.group },
      name,
      `the ResourceVersion in the precondition (${options.resourceVersion}) does not match the ResourceVersion in record (${resourceVersion}). The object might have been modified`,
    );
  }
}

/** Foreground and orphan deletion are left to the garbage collector by way of a finalizer. */
const PROPAGATION_FINALIZERS: Readonly<Record<string, string>> = {
  Foreground: "foregroundDeletion",
  Orphan: "orphan",
};

function addFinalizer(draft: KubeObject, finalizer: string | undefined): void {
  const present = draft.metadata.finalizers ?? [];
  if (finalizer === undefined || present.includes(finalizer)) return;
  draft.metadata.finalizers = [...present, finalizer];
}

function markDeleted(core: Core, draft: KubeObject): void {
  const meta = draft.metadata;
  meta.deletionTimestamp = core.timestamp();
  if (draft.kind === "Namespace") {
    draft.status = { ...(isObject(draft.status) ? draft.status : {}), phase: "Terminating" };
    return;
  }
  meta.deletionGracePeriodSeconds = 0;
  if (meta.generation !== undefined) meta.generation++;
}
