import { isObject, type Json, type JsonObject } from "../model/json.ts";
import type { KubeObject } from "../model/object.ts";
import { kindSchema } from "../schema/object_meta.ts";
import {
  atomicList,
  boolean,
  integer,
  listByKey,
  object,
  OPEN,
  pointer,
  type Schema,
  text,
  time,
} from "../schema/schema.ts";
import { column, NAME_COLUMN } from "../table/columns.ts";
import { definitionErrors } from "../custom/definition_rules.ts";
import { builtin } from "./define.ts";

const REF = "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1";

/** Holds a definition until its objects are gone. */
export const CLEANUP_FINALIZER = "customresourcecleanup.apiextensions.k8s.io";

const NAMES = object({
  categories: atomicList(text),
  kind: text,
  listKind: text,
  plural: text,
  shortNames: atomicList(text),
  singular: text,
}, { ref: `${REF}.CustomResourceDefinitionNames` });

const COLUMN = object({
  description: text,
  format: text,
  jsonPath: text,
  name: text,
  priority: integer,
  type: text,
}, { ref: `${REF}.CustomResourceColumnDefinition` });

const VERSION = object({
  additionalPrinterColumns: atomicList(COLUMN),
  deprecated: boolean,
  deprecationWarning: pointer(text),
  name: text,
  schema: pointer(object({ openAPIV3Schema: pointer({ type: "object", ...OPEN }) })),
  selectableFields: atomicList(object({ jsonPath: text })),
  served: { ...boolean, emit: false },
  storage: { ...boolean, emit: false },
  subresources: pointer(object({
    scale: pointer({ type: "object", ...OPEN }),
    status: pointer({ type: "object", ...OPEN }),
  })),
}, { ref: `${REF}.CustomResourceDefinitionVersion` });

const CONDITION = object({
  lastTransitionTime: time,
  message: text,
  observedGeneration: { type: "integer", format: "int64" },
  reason: text,
  status: text,
  type: text,
}, { ref: `${REF}.CustomResourceDefinitionCondition` });

const SPEC: Schema = object({
  conversion: pointer(object({ strategy: text, webhook: pointer({ type: "object", ...OPEN }) })),
  group: text,
  names: NAMES,
  preserveUnknownFields: boolean,
  scope: text,
  versions: atomicList(VERSION),
}, { ref: `${REF}.CustomResourceDefinitionSpec` });

const STATUS: Schema = object({
  acceptedNames: NAMES,
  conditions: listByKey(CONDITION, "type"),
  observedGeneration: { type: "integer", format: "int64" },
  storedVersions: atomicList(text),
}, { ref: `${REF}.CustomResourceDefinitionStatus` });

function prepareForCreate(draft: KubeObject): void {
  applyNameDefaults(draft);
  const versions = versionsOf(draft);
  const storage = versions.find((version) => version.storage === true);
  draft.status = {
    acceptedNames: { kind: "", plural: "" },
    conditions: null,
    storedVersions: storage === undefined ? [] : [storage.name ?? ""],
  };
}

/** Defaults of apiextensions/v1: singular, listKind, conversion. */
function applyNameDefaults(draft: KubeObject): void {
  const spec = draft.spec;
  if (!isObject(spec) || !isObject(spec.names)) return;
  const kind = spec.names.kind;
  if (typeof kind === "string") {
    spec.names.singular ??= kind.toLowerCase();
    spec.names.listKind ??= `${kind}List`;
  }
  spec.conversion ??= { strategy: "None" };
}

function versionsOf(draft: KubeObject): JsonObject[] {
  const versions: Json | undefined = isObject(draft.spec) ? draft.spec.versions : undefined;
  return Array.isArray(versions) ? versions.filter(isObject) : [];
}

/** apiextensions.k8s.io/v1 CustomResourceDefinition. */
export const CUSTOM_RESOURCE_DEFINITION = builtin({
  group: "apiextensions.k8s.io",
  plural: "customresourcedefinitions",
  singular: "customresourcedefinition",
  kind: "CustomResourceDefinition",
  shortNames: ["crd", "crds"],
  categories: ["api-extensions"],
  namespaced: false,
  subresources: { status: ["get", "patch", "update"] },
  tracksGeneration: true,
  unconditionalUpdate: false,
  cleanupFinalizer: CLEANUP_FINALIZER,
  schema: kindSchema(`${REF}.CustomResourceDefinition`, { spec: SPEC, status: STATUS }),
  columns: [NAME_COLUMN, column("Created At", "When it was created.", { type: "date" })],
  cells: (crd) => [crd.metadata.name, crd.metadata.creationTimestamp ?? ""],
  strategy: {
    prepareForCreate,
    prepareForUpdate(draft, old) {
      applyNameDefaults(draft);
      draft.status = old.status ?? {};
    },
    validate: definitionErrors,
  },
});
