import type { Core } from "../core.ts";
import {
  compareFields,
  type FieldManager,
  readOwnership,
  trackUpdate,
} from "../fields/managed_fields.ts";
import { reviewed } from "../admission.ts";
import { type WriteOptions, writeOptions } from "../http/options.ts";
import { badRequest, conflict, invalid, MODIFIED, notFound, serverError } from "../model/errors.ts";
import { invalidValue } from "../model/field_errors.ts";
import { equalJson, isObject, type JsonObject } from "../model/json.ts";
import { validateMetadata, validateMetadataUpdate } from "../model/metadata_rules.ts";
import { draftOf, type KubeObject, type ManagedFieldsEntry } from "../model/object.ts";
import { apiVersionOf, type ResourceType } from "../model/resource.ts";
import { type Call, keyOf } from "./call.ts";
import { createDraft } from "./create.ts";
import { decodeBody } from "./decode.ts";

/** The answer to an update: a PUT may create. */
export interface Updated {
  readonly object: KubeObject;
  readonly created: boolean;
}

/** Answers a PUT to an object or one of its subresources. */
export function update(core: Core, call: Call): Updated {
  const options = writeOptions(call.url, call.userAgent, "UpdateOptions");
  const draft = decodeBody(call, options.fieldValidation);
  checkPlace(draft, call);
  const key = keyOf(call);
  const old = core.store.get(call.type, key);
  if (old === undefined) {
    if (!call.type.createOnUpdate || call.attributes.subresource !== "") {
      throw notFound(call.type, key.name);
    }
    return { object: createDraft(core, call.type, draft, key.namespace, options), created: true };
  }
  checkResourceVersion(draft, old, call.type);
  checkUid(draft, old, call.type);
  return { object: replace(core, call, old, draft, options), created: false };
}

/** The body's name and namespace must be those of the path. */
export function checkPlace(draft: KubeObject, call: Call): void {
  const { name, namespace } = call.attributes;
  const meta = draft.metadata;
  if (meta.name !== "" && meta.name !== name) {
    throw badRequest(
      `the name of the object (${meta.name}) does not match the name on the URL (${name})`,
    );
  }
  if (call.type.namespaced && (meta.namespace ?? namespace) !== namespace) {
    throw badRequest(
      `the namespace of the object (${meta.namespace}) does not match the namespace on the request (${namespace})`,
    );
  }
}

/** The version decided on must be the stored one; some kinds insist on naming it. */
function checkResourceVersion(draft: KubeObject, old: KubeObject, type: ResourceType): void {
  const given = draft.metadata.resourceVersion;
  if (given === undefined || given === "0") {
    if (type.unconditionalUpdate) return;
    throw invalid({ group: type.group, kind: type.plural }, old.metadata.name, [
      invalidValue("metadata.resourceVersion", 0, "must be specified for an update"),
    ]);
  }
  if (!/^\d+$/.test(given)) {
    throw serverError(`strconv.ParseUint: parsing ${JSON.stringify(given)}: invalid syntax`);
  }
  if (given !== old.metadata.resourceVersion) throw conflict(type, old.metadata.name, MODIFIED);
}

function checkUid(draft: KubeObject, old: KubeObject, type: ResourceType): void {
  const { uid } = draft.metadata;
  if (uid === undefined || uid === old.metadata.uid) return;
  const { namespace, name } = old.metadata;
  const registry = type.group === "" ? type.plural : `${type.group}/${type.plural}`;
  const path = `/registry/${registry}/${namespace === undefined ? "" : `${namespace}/`}${name}`;
  throw conflict(
    type,
    name,
    `StorageError: invalid object, Code: 4, Key: ${path}, ResourceVersion: 0, AdditionalErrorMsg: Precondition failed: UID in precondition: ${uid}, UID in object meta: ${old.metadata.uid}`,
  );
}

/**
 * Puts `draft` in the place of `old`: server fields, subresource rules, generation, ownership,
 * validation. What changes nothing is not written; what loses its last finalizer is removed.
 */
export function replace(
  core: Core,
  call: Call,
  old: KubeObject,
  draft: KubeObject,
  options: Pick<WriteOptions, "dryRun" | "manager">,
  owned?: ManagedFieldsEntry[],
): KubeObject {
  const { type, attributes } = call;
  const { subresource } = attributes;
  keepServerFields(draft, old);
  let next = subresource === "" ? draft : onlySubresource(draft, old, subresource);
  if (subresource === "") type.strategy.prepareForUpdate(next, old);
  if (type.tracksGeneration) setGeneration(next, old, type);
  setOwners(core, type, old, next, subresource, options.manager, owned);
  // A patched object shares with the stored one what the patch did not name.
  if (core.admission.mutate !== undefined) next = draftOf(next);
  const request = reviewed("UPDATE", type.plural, options, subresource);
  const review = { ...request, object: next, oldObject: old };
  core.admission.mutate?.(review);
  const step = validateMetadataUpdate(next, old);
  // The real server checks the step twice as well, and reports what it finds twice.
  const metadata = [...step, ...step, ...validateMetadata(next, () => [])];
  const errors = [
    ...metadata,
    ...type.strategy.validate(next, { old, subresource, found: metadata }),
    ...type.strategy.validateUpdate(next, old),
  ];
  if (errors.length > 0) {
    throw invalid({ group: type.group, kind: next.kind }, old.metadata.name, errors);
  }
  core.admission.validate?.(review);
  return commit(core, type, old, next, options.dryRun);
}

function commit(
  core: Core,
  type: ResourceType,
  old: KubeObject,
  next: KubeObject,
  dryRun: boolean,
): KubeObject {
  next.metadata.resourceVersion = old.metadata.resourceVersion!;
  if (dryRun) return next;
  if (next.metadata.deletionTimestamp !== undefined && !isHeld(next)) {
    core.store.remove(type, next);
    return next;
  }
  return equalJson(next, old) ? old : core.store.put(type, next, old);
}

/** Whether finalizers keep a deleted object; a namespace has some of its own in its spec. */
export function isHeld(object: KubeObject): boolean {
  const spec = isObject(object.spec) ? object.spec : {};
  const own = object.kind === "Namespace" && Array.isArray(spec.finalizers) ? spec.finalizers : [];
  return (object.metadata.finalizers ?? []).length + own.length > 0;
}

function keepServerFields(draft: KubeObject, old: KubeObject): void {
  const meta = draft.metadata;
  const before = old.metadata;
  meta.name = before.name;
  meta.uid ??= before.uid!;
  meta.creationTimestamp ??= before.creationTimestamp!;
  if (before.namespace !== undefined) meta.namespace ??= before.namespace;
  delete meta.generation;
  delete meta.deletionTimestamp;
  delete meta.deletionGracePeriodSeconds;
  if (before.generation !== undefined) meta.generation = before.generation;
  if (before.deletionTimestamp !== undefined) meta.deletionTimestamp = before.deletionTimestamp;
  if (before.deletionGracePeriodSeconds !== undefined) {
    meta.deletionGracePeriodSeconds = before.deletionGracePeriodSeconds;
  }
}

/** What a write to a subresource may change: its own field, and nothing of the rest. */
function onlySubresource(draft: KubeObject, old: KubeObject, subresource: string): KubeObject {
  const next = draftOf(old);
  if (draft.metadata.managedFields !== undefined) {
    next.metadata.managedFields = draft.metadata.managedFields;
  }
  const field = subresource === "finalize" ? "spec" : subresource;
  delete next[field];
  const value = draft[field];
  if (value !== undefined) next[field] = value;
  return next;
}

/** Only a change outside metadata and status makes a new generation. */
function setGeneration(next: KubeObject, old: KubeObject, type: ResourceType): void {
  const body = (object: KubeObject) => {
    const { metadata: _metadata, apiVersion: _apiVersion, ...rest } = object;
    if (type.subresources.status !== undefined) delete (rest as JsonObject).status;
    return rest;
  };
  const generation = old.metadata.generation ?? 0;
  next.metadata.generation = equalJson(body(next), body(old)) ? generation : generation + 1;
}

function setOwners(
  core: Core,
  type: ResourceType,
  old: KubeObject,
  next: KubeObject,
  subresource: string,
  manager: string,
  owned: ManagedFieldsEntry[] | undefined,
): void {
  const by: FieldManager = {
    manager,
    operation: "Update",
    apiVersion: apiVersionOf(type),
    subresource,
    time: core.timestamp(),
  };
  const given = next.metadata.managedFields ?? old.metadata.managedFields ?? [];
  delete next.metadata.managedFields;
  const changes = compareFields(old, next, type.schema, type.custom);
  const reset = given.length === 1 && Object.keys(given[0]!).length === 0;
  // What nobody owned when it was made is tracked from its first apply on (skipNonAppliedManager).
  const isTracked = given.length > 0 && !reset;
  const entries = owned ?? (isTracked ? trackUpdate(readOwnership(given), changes, by) : []);
  if (entries.length > 0) next.metadata.managedFields = entries;
}
