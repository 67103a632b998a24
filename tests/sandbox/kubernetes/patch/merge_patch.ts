import { cloneJson, isObject, type Json, type JsonObject } from "../model/json.ts";

/** RFC 7386: answers `target` with `patch` merged in; null deletes. `target` is left alone. */
export function mergePatch(target: Json, patch: Json): Json {
  if (!isObject(patch)) return cloneJson(patch);
  const merged: JsonObject = isObject(target) ? { ...target } : {};
  for (const [field, value] of Object.entries(patch)) {
    if (value === null) delete merged[field];
    else merged[field] = mergePatch(merged[field] ?? null, value);
  }
  return merged;
}
