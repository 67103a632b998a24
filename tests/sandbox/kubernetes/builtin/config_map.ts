import type { FieldError } from "../model/errors.ts";
import { forbiddenField, invalidValue } from "../model/field_errors.ts";
import { equalJson, isObject } from "../model/json.ts";
import { configKeyErrors } from "../model/names.ts";
import type { KubeObject } from "../model/object.ts";
import { kindSchema } from "../schema/object_meta.ts";
import { boolean, mapOf, pointer, text } from "../schema/schema.ts";
import { AGE_COLUMN, column, creationAge, NAME_COLUMN } from "../table/columns.ts";
import { builtin } from "./define.ts";

function keysOf(object: KubeObject, field: string): string[] {
  const data = object[field];
  return isObject(data) ? Object.keys(data) : [];
}

function validate(object: KubeObject): FieldError[] {
  return ["data", "binaryData"].flatMap((field) =>
    keysOf(object, field).flatMap((key) =>
      configKeyErrors(key).map((why) => invalidValue(`${field}[${key}]`, key, why))
    )
  );
}

/** What an update changes although `immutable` is set. Shared with Secrets. */
export function immutableErrors(
  object: KubeObject,
  old: KubeObject,
  fields: readonly string[],
): FieldError[] {
  if (old.immutable !== true) return [];
  const why = "field is immutable when `immutable` is set";
  const changed = fields.filter((field) => !equalJson(object[field], old[field]))
    .map((field) => forbiddenField(field, why));
  return object.immutable === true ? changed : [forbiddenField("immutable", why), ...changed];
}

/** core/v1 ConfigMap. */
export const CONFIG_MAP = builtin({
  plural: "configmaps",
  singular: "configmap",
  kind: "ConfigMap",
  shortNames: ["cm"],
  schema: kindSchema("io.k8s.api.core.v1.ConfigMap", {
    binaryData: mapOf({ type: "string", format: "byte" }),
    data: mapOf(text),
    immutable: pointer(boolean),
  }),
  columns: [NAME_COLUMN, column("Data", "Number of entries."), AGE_COLUMN],
  cells: (object, now) => [
    object.metadata.name,
    keysOf(object, "data").length + keysOf(object, "binaryData").length,
    creationAge(object, now),
  ],
  strategy: {
    validate,
    validateUpdate: (object, old) => immutableErrors(object, old, ["data", "binaryData"]),
  },
});
