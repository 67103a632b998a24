import { canonicalJson, isObject, type Json } from "../model/json.ts";
import type { KubeObject } from "../model/object.ts";
import { OBJECT_META } from "../schema/object_meta.ts";
import { itemKey, OPEN, type Schema } from "../schema/schema.ts";

/**
 * The fields of an object by path. A leaf's value is its JSON text, a branch's is "". Path elements
 * are those of FieldsV1: `f:name`, `k:{"type":"Ready"}`, `v:"item"`, joined by `SEPARATOR`.
 */
export type FieldMap = Map<string, string>;

export const SEPARATOR = "\u0000";

/** metadata that belongs to the server and is never owned by a manager. */
const UNOWNED = new Set([
  "name",
  "namespace",
  "creationTimestamp",
  "selfLink",
  "uid",
  "generation",
  "managedFields",
  "resourceVersion",
]);

const METADATA = OBJECT_META.properties ?? {};

const maps = new WeakMap<KubeObject, FieldMap>();

/** The owned fields of a whole object. Cached for stored objects, which never change. */
export function fieldMapOf(object: KubeObject, schema: Schema, custom: boolean): FieldMap {
  const known = maps.get(object);
  if (known !== undefined) return known;
  const fields: FieldMap = new Map();
  for (const [field, value] of Object.entries(object)) {
    if (field === "apiVersion" || field === "kind") continue;
    const inner = schema.properties?.[field] ?? OPEN;
    if (field !== "metadata") visit(`f:${field}`, value, inner, custom, fields);
    else visitMetadata(value, fields);
  }
  maps.set(object, fields);
  return fields;
}

function visitMetadata(metadata: Json, fields: FieldMap): void {
  if (!isObject(metadata)) return;
  for (const [field, value] of Object.entries(metadata)) {
    if (UNOWNED.has(field)) continue;
    visit(`f:metadata${SEPARATOR}f:${field}`, value, METADATA[field] ?? OPEN, false, fields);
  }
}

function visit(path: string, value: Json, schema: Schema, custom: boolean, fields: FieldMap): void {
  if (isObject(value)) visitObject(path, value, schema, custom, fields);
  else if (Array.isArray(value)) visitList(path, value, schema, custom, fields);
  else fields.set(path, JSON.stringify(value));
}

function visitObject(
  path: string,
  value: { [field: string]: Json },
  schema: Schema,
  custom: boolean,
  fields: FieldMap,
): void {
  const entries = Object.entries(value);
  if (schema["x-kubernetes-map-type"] === "atomic") {
    fields.set(path, canonicalJson(value));
    return;
  }
  if (custom || schema.properties === undefined || schema.pointer) {
    fields.set(path, entries.length === 0 ? "{}" : "");
  }
  const rest = typeof schema.additionalProperties === "object" ? schema.additionalProperties : OPEN;
  for (const [field, item] of entries) {
    visit(
      `${path}${SEPARATOR}f:${field}`,
      item,
      schema.properties?.[field] ?? rest,
      custom,
      fields,
    );
  }
}

function visitList(
  path: string,
  list: Json[],
  schema: Schema,
  custom: boolean,
  fields: FieldMap,
): void {
  const kind = schema["x-kubernetes-list-type"];
  if ((kind !== "set" && kind !== "map") || list.length === 0) {
    fields.set(path, canonicalJson(list));
    return;
  }
  fields.set(path, "");
  for (const item of list) {
    const key = isObject(item) ? itemKey(schema, item) : undefined;
    const element = key === undefined ? `v:${canonicalJson(item)}` : `k:${canonicalJson(key)}`;
    const at = `${path}${SEPARATOR}${element}`;
    if (key === undefined || schema.items === undefined) fields.set(at, canonicalJson(item));
    else {
      visit(at, item, schema.items, custom, fields);
      if (!fields.has(at)) fields.set(at, "");
    }
  }
}
