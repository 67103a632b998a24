import { serverError } from "../model/errors.ts";
import { cloneJson, equalJson, isObject, type Json, type JsonObject } from "../model/json.ts";
import { fieldSchema, type Schema } from "../schema/schema.ts";

const DIRECTIVE = "$patch";
const RETAIN = "$retainKeys";
const ORDER = "$setElementOrder/";
const DELETE = "$deleteFromPrimitiveList/";

/**
 * A strategic merge patch on a copy of `target`: maps merge, lists merge by the key that `schema`
 * names or are replaced. Directives: `$patch` replace, delete and merge, `$retainKeys`,
 * `$setElementOrder/field` and `$deleteFromPrimitiveList/field`. Throws 500 for a malformed one, as the real server does.
 */
export function strategicMerge(target: JsonObject, patch: JsonObject, schema: Schema): JsonObject {
  return mergeMap(cloneJson(target), patch, schema);
}

function mergeMap(target: JsonObject, patch: JsonObject, schema: Schema | undefined): JsonObject {
  const directive = patch[DIRECTIVE];
  if (directive === "replace") return plain(patch);
  if (directive === "delete") return {};
  if (directive !== undefined && directive !== "merge") throw unknownDirective(directive, patch);
  const merged = retain(target, patch[RETAIN]);
  for (const field of mergedFields(patch)) {
    const value = mergeField(merged[field], patch, field, fieldSchema(schema, field));
    if (value === undefined) delete merged[field];
    else merged[field] = value;
  }
  return merged;
}

/** The fields a patch speaks of, whether by a value or by a directive alone. */
function mergedFields(patch: JsonObject): string[] {
  const names = Object.keys(patch)
    .filter((key) => key !== DIRECTIVE && key !== RETAIN)
    .map((key) =>
      key.startsWith(ORDER)
        ? key.slice(ORDER.length)
        : key.startsWith(DELETE)
        ? key.slice(DELETE.length)
        : key
    );
  return [...new Set(names)];
}

function retain(target: JsonObject, keys: Json | undefined): JsonObject {
  if (!Array.isArray(keys)) return target;
  return Object.fromEntries(Object.entries(target).filter(([field]) => keys.includes(field)));
}

function mergeField(
  target: Json | undefined,
  patch: JsonObject,
  field: string,
  schema: Schema | undefined,
): Json | undefined {
  const value = patch[field];
  if (value === null) return undefined;
  const order = patch[ORDER + field];
  const removed = patch[DELETE + field];
  if (Array.isArray(order) || Array.isArray(removed) || Array.isArray(value)) {
    const items = Array.isArray(value) ? value : [];
    if (schema?.["x-kubernetes-patch-strategy"] !== "merge") {
      return value === undefined ? target : items;
    }
    const present = Array.isArray(target) ? target : [];
    const kept = Array.isArray(removed) ? present.filter((item) => !has(removed, item)) : present;
    return mergeList(kept, items, Array.isArray(order) ? order : [], schema);
  }
  if (isObject(value)) {
    const whole = schema?.["x-kubernetes-map-type"] === "atomic" ? {} : target;
    return mergeMap(isObject(whole) ? whole : {}, value, schema);
  }
  return value;
}

function mergeList(target: Json[], patch: Json[], order: Json[], schema: Schema): Json[] {
  const key = schema["x-kubernetes-patch-merge-key"];
  if (patch.some((item) => isObject(item) && item[DIRECTIVE] === "replace" && !hasKey(item, key))) {
    return plainList(patch.filter((item) => !isObject(item) || item[DIRECTIVE] === undefined));
  }
  if (key === undefined) return arrange(target, patch, order, equalJson);
  const same = (a: Json, b: Json) => isObject(a) && isObject(b) && equalJson(a[key], b[key]);
  let present = target;
  const written: Json[] = [];
  for (const item of patch) {
    if (!isObject(item)) {
      throw serverError(`unable to merge ${goText(item)} into a list of objects`);
    }
    if (!hasKey(item, key)) {
      throw serverError(`map: ${goText(item)} does not contain declared merge key: ${key}`);
    }
    const old = present.find((other) => same(other, item));
    if (item[DIRECTIVE] === "delete") present = present.filter((other) => !same(other, item));
    else written.push(mergeMap(isObject(old) ? { ...old } : {}, item, schema.items));
  }
  return arrange(present, written, order, same);
}

function hasKey(item: JsonObject, key: string | undefined): boolean {
  return key !== undefined && item[key] !== undefined;
}

/**
 * The order of a merged list: items of the patch in its own order (or that of the directive), the
 * others where they stood relative to those which the server had, else behind.
 */
function arrange(
  target: Json[],
  written: Json[],
  order: Json[],
  same: (a: Json, b: Json) => boolean,
): Json[] {
  const position = (list: Json[], item: Json) => list.findIndex((other) => same(other, item));
  const rest = target.filter((item) => position(written, item) === -1);
  const sequence = order.length === 0
    ? written
    : [...written].sort((a, b) => position(order, a) - position(order, b));
  const listed = rest.filter((item) => position(order, item) !== -1);
  const unlisted = rest.filter((item) => position(order, item) === -1);
  const front = order.length === 0
    ? unique(sequence, same)
    : unique([...sequence, ...listed], same).sort((a, b) =>
      position(order, a) - position(order, b)
    );
  return weave(order.length === 0 ? rest : unlisted, front, target, position);
}

/** Merges two lists: an item of `left` comes first where the server had it before one of `right`. */
function weave(
  left: Json[],
  right: Json[],
  server: Json[],
  position: (list: Json[], item: Json) => number,
): Json[] {
  const woven: Json[] = [];
  let i = 0;
  for (const item of right) {
    const at = position(server, item);
    while (i < left.length && at !== -1 && position(server, left[i]!) < at) woven.push(left[i++]!);
    woven.push(item);
  }
  return [...woven, ...left.slice(i)];
}

function unique(list: Json[], same: (a: Json, b: Json) => boolean): Json[] {
  return list.filter((item, i) => list.findIndex((other) => same(other, item)) === i);
}

function has(list: Json[], item: Json): boolean {
  return list.some((other) => equalJson(other, item));
}

/** A patch taken as a value: directives and nulls are left out. */
function plain(patch: JsonObject): JsonObject {
  const value: JsonObject = {};
  for (const [field, item] of Object.entries(patch)) {
    if (field === DIRECTIVE || field === RETAIN || item === null) continue;
    if (field.startsWith(ORDER) || field.startsWith(DELETE)) continue;
    value[field] = isObject(item) ? plain(item) : Array.isArray(item) ? plainList(item) : item;
  }
  return value;
}

function plainList(list: Json[]): Json[] {
  return list.map((item) => isObject(item) ? plain(item) : item);
}

function unknownDirective(directive: Json, patch: JsonObject): Error {
  return serverError(`unknown patch type: ${goText(directive)} in map: ${goText(patch)}`);
}

/** A value as Go's %v prints it. */
function goText(value: Json): string {
  if (Array.isArray(value)) return `[${value.map(goText).join(" ")}]`;
  if (!isObject(value)) return String(value);
  const fields = Object.keys(value).sort().map((key) => `${key}:${goText(value[key]!)}`);
  return `map[${fields.join(" ")}]`;
}
