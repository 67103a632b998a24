import { isObject, type Json, type JsonObject } from "../model/json.ts";
import { decodeTyped, type Decoding } from "./typed.ts";
import { OBJECT_META } from "./object_meta.ts";
import type { Schema } from "./schema.ts";

/**
 * Drops from a custom object what its structural schema does not know, and reports the paths.
 * metadata is read as metav1.ObjectMeta whatever the schema says of it. Throws TypeMismatch for a
 * metadata that is none.
 */
export function pruneCustom(object: JsonObject, schema: Schema, found: Decoding): JsonObject {
  const pruned: JsonObject = {};
  const others: Decoding = { unknown: [] };
  if (object.metadata !== undefined) {
    const wrapped = decodeTyped({ metadata: object.metadata }, META_ONLY, found);
    pruned.metadata = wrapped.metadata ?? {};
  }
  for (const [field, value] of Object.entries(object)) {
    if (field === "metadata") continue;
    if (field === "apiVersion" || field === "kind") pruned[field] = value;
    else pruneField(pruned, field, value, schema, "", others);
  }
  found.unknown.push(...others.unknown.sort());
  return pruned;
}

const META_ONLY: Schema = { type: "object", properties: { metadata: OBJECT_META } };

function pruneField(
  into: JsonObject,
  field: string,
  value: Json,
  schema: Schema,
  path: string,
  found: Decoding,
): void {
  const at = path === "" ? field : `${path}.${field}`;
  const known = schema.properties?.[field] ?? restSchema(schema);
  if (known === undefined) found.unknown.push(at);
  else into[field] = prune(value, known, at, found);
}

function restSchema(schema: Schema): Schema | undefined {
  if (typeof schema.additionalProperties === "object") return schema.additionalProperties;
  const open = schema.additionalProperties === true ||
    schema["x-kubernetes-preserve-unknown-fields"] === true;
  return open ? { "x-kubernetes-preserve-unknown-fields": true } : undefined;
}

function prune(value: Json, schema: Schema, path: string, found: Decoding): Json {
  if (Array.isArray(value)) {
    const items = schema.items ?? restSchema(schema);
    if (items === undefined) return value;
    return value.map((item, i) => prune(item, items, `${path}[${i}]`, found));
  }
  if (!isObject(value)) return value;
  const pruned: JsonObject = {};
  for (const [field, item] of Object.entries(value)) {
    pruneField(pruned, field, item, schema, path, found);
  }
  return pruned;
}
