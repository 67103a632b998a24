import type { Core } from "../core.ts";
import { compareFields, type FieldManager, trackUpdate } from "../fields/managed_fields.ts";
import { type WriteOptions, writeOptions } from "../http/options.ts";
import {
  alreadyExists,
  badRequest,
  forbidden,
  invalid,
  notFound,
  serverError,
} from "../model/errors.ts";
import { reviewed } from "../admission.ts";
import { isObject } from "../model/json.ts";
import { validateMetadata } from "../model/metadata_rules.ts";
import type { KubeObject, ManagedFieldsEntry } from "../model/object.ts";
import { apiVersionOf, type ResourceType } from "../model/resource.ts";
import { applyDefaults } from "../schema/defaults.ts";
import type { Call } from "./call.ts";
import { decodeBody } from "./decode.ts";

/** Answers a POST to a resource. */
export function create(core: Core, call: Call): KubeObject {
  const options = writeOptions(call.url, call.userAgent, "CreateOptions");
  const draft = decodeBody(call, options.fieldValidation);
  return createDraft(core, call.type, draft, call.attributes.namespace, options);
}

/** Creates `draft` in `namespace`: namespace lifecycle, server fields, validation, storage. */
export function createDraft(
  core: Core,
  type: ResourceType,
  draft: KubeObject,
  namespace: string,
  options: Pick<WriteOptions, "dryRun" | "manager">,
  owned?: ManagedFieldsEntry[],
): KubeObject {
  const meta = draft.metadata;
  if (meta.resourceVersion !== undefined) {
    throw serverError("resourceVersion should not be set on objects to be created");
  }
  placeInNamespace(core, type, draft, namespace);
  if (meta.name === "" && meta.generateName !== undefined) {
    meta.name = core.generatedName(meta.generateName);
  }
  setServerFields(core, type, draft);
  type.strategy.prepareForCreate(draft);
  delete draft.metadata.managedFields;
  const owners = owned ?? creatorOwns(core, type, draft, options.manager);
  if (owners.length > 0) draft.metadata.managedFields = owners;
  const review = { ...reviewed("CREATE", type.plural, options), object: draft };
  core.admission.mutate?.(review);
  const found = validateMetadata(draft, type.strategy.nameErrors);
  const errors = [...found, ...type.strategy.validate(draft, { subresource: "", found })];
  if (errors.length > 0) throw invalid({ group: type.group, kind: draft.kind }, meta.name, errors);
  core.admission.validate?.(review);
  checkAbsent(core, type, draft);
  // What is read of the storage is defaulted once more, so that a status has its default there.
  if (type.custom) applyDefaults(draft, type.schema);
  return options.dryRun ? draft : core.store.put(type, draft, undefined);
}

function placeInNamespace(
  core: Core,
  type: ResourceType,
  draft: KubeObject,
  namespace: string,
): void {
  const meta = draft.metadata;
  if (!type.namespaced) {
    delete meta.namespace;
    return;
  }
  if (meta.namespace !== undefined && meta.namespace !== namespace) {
    throw badRequest(
      "the namespace of the provided object does not match the namespace sent on the request",
    );
  }
  meta.namespace = namespace;
  checkNamespace(core, type, meta.name, namespace);
}

/** Refuses new content in a namespace that is not there or on its way out. */
function checkNamespace(core: Core, type: ResourceType, name: string, namespace: string): void {
  const holder = core.store.collection({ group: "", plural: "namespaces" })
    .get({ namespace: "", name: namespace });
  if (holder === undefined) throw notFound({ group: "", plural: "namespaces" }, namespace);
  if (holder.metadata.deletionTimestamp === undefined) return;
  throw forbidden(
    type,
    name,
    `unable to create new content in namespace ${namespace} because it is being terminated`,
    [{
      reason: "NamespaceTerminating",
      message: `namespace ${namespace} is being terminated`,
      field: "metadata.namespace",
    }],
  );
}

function setServerFields(core: Core, type: ResourceType, draft: KubeObject): void {
  const meta = draft.metadata;
  meta.uid = core.uid();
  meta.creationTimestamp = core.timestamp();
  delete meta.deletionTimestamp;
  delete meta.deletionGracePeriodSeconds;
  delete meta.generation;
  if (type.tracksGeneration) meta.generation = 1;
}

function creatorOwns(
  core: Core,
  type: ResourceType,
  draft: KubeObject,
  manager: string,
): ManagedFieldsEntry[] {
  const by: FieldManager = {
    manager,
    operation: "Update",
    apiVersion: apiVersionOf(type),
    subresource: "",
    time: core.timestamp(),
  };
  const changes = compareFields(undefined, draft, type.schema, type.custom);
  return trackUpdate([], withoutStatus(changes, type, draft), by);
}

/** A status that the server sets itself is owned by nobody. */
function withoutStatus(
  changes: ReturnType<typeof compareFields>,
  type: ResourceType,
  draft: KubeObject,
): ReturnType<typeof compareFields> {
  const served = type.subresources.status !== undefined && isObject(draft.status);
  const own = [...changes.touched].filter((path) =>
    !(served && path.startsWith("f:status")) &&
    !(type.plural === "namespaces" && path.startsWith("f:spec"))
  );
  return { touched: new Set(own), removed: changes.removed };
}

function checkAbsent(core: Core, type: ResourceType, draft: KubeObject): void {
  const { namespace = "", name } = draft.metadata;
  const existing = core.store.get(type, { namespace, name });
  if (existing === undefined) return;
  const error = alreadyExists(type, name);
  if (existing.metadata.deletionTimestamp !== undefined) {
    error.status.message = `object is being deleted: ${error.status.message}`;
  }
  throw error;
}
