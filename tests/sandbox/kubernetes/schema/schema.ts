import type { Json, JsonObject } from "../model/json.ts";

/** One rule of `x-kubernetes-validations`. */
export type ValidationRule = {
  rule: string;
  message?: string;
  messageExpression?: string;
  reason?: string;
  fieldPath?: string;
  optionalOldSelf?: boolean;
};

/**
 * A structural schema: what a CustomResourceDefinition holds, and what the built-in kinds are
 * described by. The last four fields are this server's own and are never published.
 */
export type Schema = {
  type?: string;
  format?: string;
  description?: string;
  properties?: Record<string, Schema>;
  items?: Schema;
  additionalProperties?: Schema | boolean;
  required?: string[];
  enum?: Json[];
  default?: Json;
  example?: Json;
  nullable?: boolean;
  pattern?: string;
  minLength?: number;
  maxLength?: number;
  minimum?: number;
  maximum?: number;
  exclusiveMinimum?: boolean;
  exclusiveMaximum?: boolean;
  multipleOf?: number;
  minItems?: number;
  maxItems?: number;
  uniqueItems?: boolean;
  minProperties?: number;
  maxProperties?: number;
  allOf?: Schema[];
  anyOf?: Schema[];
  oneOf?: Schema[];
  not?: Schema;
  "x-kubernetes-list-type"?: string;
  "x-kubernetes-list-map-keys"?: string[];
  "x-kubernetes-map-type"?: string;
  "x-kubernetes-preserve-unknown-fields"?: boolean;
  "x-kubernetes-embedded-resource"?: boolean;
  "x-kubernetes-int-or-string"?: boolean;
  "x-kubernetes-validations"?: ValidationRule[];
  "x-kubernetes-patch-merge-key"?: string;
  "x-kubernetes-patch-strategy"?: string;
  /** Name under which OpenAPI publishes the schema; its last part is the Go type. */
  ref?: string;
  /** A Go pointer: written also when zero. */
  pointer?: boolean;
  /** A Go field without omitempty: written with this value when absent. */
  emit?: Json;
  /** metav1.MicroTime: six decimals, neither more nor fewer. */
  micro?: boolean;
};

/** Short hands in which the built-in kinds are written. */
export const text: Schema = { type: "string" };
export const integer: Schema = { type: "integer", format: "int32" };
export const long: Schema = { type: "integer", format: "int64" };
export const boolean: Schema = { type: "boolean" };
export const time: Schema = { type: "string", format: "date-time" };

export const microTime: Schema = { type: "string", format: "date-time", micro: true };

/** The same field as a Go pointer. */
export function pointer(schema: Schema): Schema {
  return { ...schema, pointer: true };
}

/** The same field without omitempty: `value` is written when it is absent. */
export function always(schema: Schema, value: Json): Schema {
  return { ...schema, emit: value };
}

export function object(properties: Record<string, Schema>, more: Schema = {}): Schema {
  return { type: "object", properties, ...more };
}

export function mapOf(value: Schema): Schema {
  return { type: "object", additionalProperties: value };
}

export function atomicList(items: Schema, more: Schema = {}): Schema {
  return { type: "array", items, "x-kubernetes-list-type": "atomic", ...more };
}

/** A list merged by `key`, both by strategic merge and by field ownership. */
export function listByKey(items: Schema, key: string): Schema {
  return {
    type: "array",
    items,
    "x-kubernetes-list-type": "map",
    "x-kubernetes-list-map-keys": [key],
    "x-kubernetes-patch-merge-key": key,
    "x-kubernetes-patch-strategy": "merge",
  };
}

/** The schema of `field` below `schema`, or undefined when it knows no such field. */
export function fieldSchema(schema: Schema | undefined, field: string): Schema | undefined {
  const known = schema?.properties?.[field];
  if (known !== undefined) return known;
  const rest = schema?.additionalProperties;
  if (typeof rest === "object") return rest;
  return rest === true || schema?.["x-kubernetes-preserve-unknown-fields"] === true
    ? OPEN
    : undefined;
}

/** Accepts anything and keeps it. */
export const OPEN: Schema = { "x-kubernetes-preserve-unknown-fields": true };

/** The keys that tell the items of a list-map apart, as one object; undefined for other lists. */
export function itemKey(schema: Schema | undefined, item: JsonObject): JsonObject | undefined {
  if (schema?.["x-kubernetes-list-type"] !== "map") return undefined;
  const key: JsonObject = {};
  for (const name of schema["x-kubernetes-list-map-keys"] ?? []) {
    const value = item[name] ?? schema.items?.properties?.[name]?.default;
    if (value !== undefined) key[name] = value;
  }
  return key;
}
