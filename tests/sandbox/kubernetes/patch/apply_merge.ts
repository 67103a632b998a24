import { SEPARATOR } from "../fields/field_map.ts";
import { cloneJson, equalJson, isObject, type Json, type JsonObject } from "../model/json.ts";
import { fieldSchema, itemKey, type Schema } from "../schema/schema.ts";

/**
 * Merges an applied configuration into a live object, on a copy: maps by field, list-maps by key,
 * list-sets by value; everything else is replaced.
 */
export function mergeApplied(
  live: Json | undefined,
  config: Json,
  schema: Schema | undefined,
): Json {
  if (isObject(config) && isObject(live) && schema?.["x-kubernetes-map-type"] !== "atomic") {
    const merged: JsonObject = { ...live };
    for (const [field, value] of Object.entries(config)) {
      merged[field] = mergeApplied(live[field], value, fieldSchema(schema, field));
    }
    return merged;
  }
  if (Array.isArray(config) && Array.isArray(live)) return mergeLists(live, config, schema);
  return cloneJson(config);
}

function mergeLists(live: Json[], config: Json[], schema: Schema | undefined): Json[] {
  const kind = schema?.["x-kubernetes-list-type"];
  if (kind !== "set" && kind !== "map") return cloneJson(config);
  const merged = [...live];
  for (const item of config) {
    const at = merged.findIndex((other) => sameItem(other, item, schema));
    if (at === -1) merged.push(cloneJson(item));
    else merged[at] = mergeApplied(merged[at], item, schema?.items);
  }
  return merged;
}

function sameItem(a: Json, b: Json, schema: Schema | undefined): boolean {
  if (!isObject(a) || !isObject(b)) return equalJson(a, b);
  const key = itemKey(schema, a);
  return key === undefined ? equalJson(a, b) : equalJson(key, itemKey(schema, b));
}

/**
 * Removes the field at `path` (elements of FieldsV1) from `object`, in place, and the list or map
 * that this leaves empty.
 */
export function removePath(object: JsonObject, path: string, schema: Schema): void {
  const elements = path.split(SEPARATOR);
  const holder = removeAt(object, elements, schema);
  const emptied = Array.isArray(holder)
    ? holder.length === 0
    : isObject(holder) && Object.keys(holder).length === 0;
  if (emptied && elements.length > 1) removeAt(object, elements.slice(0, -1), schema);
}

/** Answers the list or map from which the last element was removed. */
function removeAt(object: JsonObject, elements: string[], schema: Schema): Json | undefined {
  let holder: Json | undefined = object;
  let inner: Schema | undefined = schema;
  for (const element of elements.slice(0, -1)) {
    holder = descend(holder, element, inner);
    inner = element.startsWith("f:") ? fieldSchema(inner, element.slice(2)) : inner?.items;
  }
  const last = elements.at(-1)!;
  if (isObject(holder) && last.startsWith("f:")) delete holder[last.slice(2)];
  if (Array.isArray(holder)) {
    const index = indexOf(holder, last, inner);
    if (index !== -1) holder.splice(index, 1);
  }
  return holder;
}

function descend(
  holder: Json | undefined,
  element: string,
  schema: Schema | undefined,
): Json | undefined {
  if (isObject(holder)) return holder[element.slice(2)];
  return Array.isArray(holder) ? holder[indexOf(holder, element, schema)] : undefined;
}

function indexOf(list: Json[], element: string, schema: Schema | undefined): number {
  const wanted = JSON.parse(element.slice(2)) as Json;
  return list.findIndex((item) =>
    element.startsWith("v:")
      ? equalJson(item, wanted)
      : isObject(item) && equalJson(itemKey(schema, item), wanted)
  );
}
