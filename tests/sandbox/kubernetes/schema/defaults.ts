import { cloneJson, isObject, type Json } from "../model/json.ts";
import type { Schema } from "./schema.ts";

/**
 * Fills in the defaults of a structural schema, in place. A null that the schema does not allow is
 * dropped first when the field has a default, as the API server does.
 */
export function applyDefaults(value: Json, schema: Schema): void {
  if (Array.isArray(value)) {
    if (schema.items !== undefined) { for (const item of value) applyDefaults(item, schema.items); }
    return;
  }
  if (!isObject(value)) return;
  for (const [field, known] of Object.entries(schema.properties ?? {})) {
    if (known.default === undefined) continue;
    const missing = value[field] === undefined || (value[field] === null && !known.nullable);
    if (missing) value[field] = cloneJson(known.default);
  }
  for (const [field, item] of Object.entries(value)) {
    const known = schema.properties?.[field] ?? schema.additionalProperties;
    if (typeof known === "object") applyDefaults(item, known);
  }
}
