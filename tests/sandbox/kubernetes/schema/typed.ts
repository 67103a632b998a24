import { type ApiError, badRequest } from "../model/errors.ts";
import { isObject, type Json, type JsonObject } from "../model/json.ts";
import type { Schema } from "./schema.ts";

/** A value that does not fit the Go type behind the schema. The message is that of encoding/json. */
export class TypeMismatch extends Error {
  override readonly name = "TypeMismatch";
}

/** What `decodeTyped` found besides the value. */
export interface Decoding {
  /** Paths of fields that the schema does not know, in the order met. */
  readonly unknown: string[];
}

/**
 * Reads `value` as the Go type that `schema` describes would: unknown fields are dropped and
 * reported, nulls and zero values disappear unless Go writes them. Throws TypeMismatch.
 */
export function decodeTyped(value: JsonObject, schema: Schema, found: Decoding): JsonObject {
  return decodeStruct(value, schema, "", found, goName(schema, ""));
}

const empties = new WeakMap<Schema, JsonObject>();

/** What Go's zero value of a type is written as. */
export function emptyTyped(schema: Schema): JsonObject {
  let empty = empties.get(schema);
  if (empty === undefined) empties.set(schema, empty = decodeTyped({}, schema, { unknown: [] }));
  return empty;
}

/** A 400 as the built-in decoders word it. */
export function cannotBeHandled(
  kind: string,
  version: string,
  expected: string,
  why: string,
): ApiError {
  return badRequest(`${kind} in version "${version}" cannot be handled as a ${expected}: ${why}`);
}

function goName(schema: Schema, fallback: string): string {
  return schema.ref?.split(".").at(-1) ?? fallback;
}

function decodeStruct(
  value: JsonObject,
  schema: Schema,
  path: string,
  found: Decoding,
  struct: string,
): JsonObject {
  const decoded: JsonObject = {};
  for (const [field, given] of Object.entries(value)) {
    const at = path === "" ? field : `${path}.${field}`;
    const known = schema.properties?.[field];
    if (known === undefined) {
      found.unknown.push(at);
      continue;
    }
    const read = decode(given, known, at, found, `${struct}.${field}`);
    if (read !== undefined) decoded[field] = read;
  }
  for (const [field, value] of emittedFields(schema)) decoded[field] ??= value;
  return decoded;
}

const emitted = new WeakMap<Schema, [string, Json][]>();

/** The fields that Go writes even when absent, with what it writes. */
function emittedFields(schema: Schema): [string, Json][] {
  let fields = emitted.get(schema);
  if (fields === undefined) {
    fields = Object.entries(schema.properties ?? {})
      .flatMap(([field, { emit }]) => emit === undefined ? [] : [[field, emit] as [string, Json]]);
    emitted.set(schema, fields);
  }
  return fields;
}

function decode(
  value: Json,
  schema: Schema,
  path: string,
  found: Decoding,
  goField: string,
): Json | undefined {
  if (value === null) return undefined;
  const read = decodePresent(value, schema, path, found, goField);
  return schema.pointer || schema.emit !== undefined || !isZero(read, schema) ? read : undefined;
}

function decodePresent(
  value: Json,
  schema: Schema,
  path: string,
  found: Decoding,
  goField: string,
): Json {
  if (schema["x-kubernetes-preserve-unknown-fields"]) return value;
  if (schema.properties !== undefined) {
    if (!isObject(value)) throw mismatch(value, goField, goType(schema));
    return decodeStruct(value, schema, path, found, goName(schema, goField.split(".")[0]!));
  }
  if (typeof schema.additionalProperties === "object") {
    return decodeMap(value, schema.additionalProperties, path, found, goField);
  }
  if (schema.items !== undefined) return decodeList(value, schema.items, path, found, goField);
  return decodeScalar(value, schema, goField);
}

function decodeMap(
  value: Json,
  values: Schema,
  path: string,
  found: Decoding,
  goField: string,
): JsonObject {
  if (!isObject(value)) throw mismatch(value, goField, `map[string]${goType(values)}`);
  const read: JsonObject = {};
  for (const [key, item] of Object.entries(value)) {
    read[key] = item === null
      ? zeroOf(values)
      : decodePresent(item, values, `${path}.${key}`, found, goField);
  }
  return read;
}

function decodeList(
  value: Json,
  items: Schema,
  path: string,
  found: Decoding,
  goField: string,
): Json[] {
  if (!Array.isArray(value)) throw mismatch(value, goField, `[]${goType(items)}`);
  return value.map((item, i) =>
    item === null ? zeroOf(items) : decodePresent(item, items, `${path}[${i}]`, found, goField)
  );
}

function decodeScalar(value: Json, schema: Schema, goField: string): Json {
  if (schema.type === "string") {
    if (typeof value !== "string") throw mismatch(value, goField, goType(schema));
    if (schema.format === "byte") checkBase64(value);
    if (schema.format === "date-time") return readTime(value, schema);
    return value;
  }
  if (schema.type === "boolean" && typeof value !== "boolean") {
    throw mismatch(value, goField, "bool");
  }
  if (schema.type === "integer" && !Number.isInteger(value)) {
    throw mismatch(value, goField, goType(schema));
  }
  return value;
}

function checkBase64(value: string): void {
  if (/^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(value)) return;
  const valid = /^[A-Za-z0-9+/]*/.exec(value)![0].length;
  const at = valid < value.length ? valid : value.length - (value.length % 4);
  throw new TypeMismatch(`illegal base64 data at input byte ${at}`);
}

const RFC3339 = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?(Z|[+-]\d{2}:\d{2})$/;
const MICRO = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{6}(Z|[+-]\d{2}:\d{2})$/;

function readTime(value: string, schema: Schema): string {
  if (schema.micro) {
    if (MICRO.test(value) && !Number.isNaN(Date.parse(value))) return value;
    throw badTime(value, "2006-01-02T15:04:05.000000Z07:00", ".000000");
  }
  if (!RFC3339.test(value) || Number.isNaN(Date.parse(value))) {
    throw badTime(value, "2006-01-02T15:04:05Z07:00", "2006");
  }
  return new Date(value).toISOString().replace(/\.\d{3}Z$/, "Z");
}

function badTime(value: string, layout: string, missing: string): TypeMismatch {
  const seconds = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}/.exec(value)?.[0].length ?? 0;
  const rest = JSON.stringify(value.slice(seconds));
  return new TypeMismatch(
    `parsing time ${JSON.stringify(value)} as "${layout}": cannot parse ${rest} as "${missing}"`,
  );
}

function mismatch(value: Json, goField: string, type: string): TypeMismatch {
  const given = Array.isArray(value) ? "array" : isObject(value) ? "object" : scalarName(value);
  const field = goField.split(".").slice(-2).join(".");
  return new TypeMismatch(
    !field.startsWith(".")
      ? `json: cannot unmarshal ${given} into Go struct field ${field} of type ${type}`
      : `json: cannot unmarshal ${given} into Go value of type ${type}`,
  );
}

function scalarName(value: Json): string {
  if (typeof value === "number") return Number.isInteger(value) ? "number" : `number ${value}`;
  return typeof value === "boolean" ? "bool" : "string";
}

function goType(schema: Schema): string {
  if (schema.ref !== undefined) return `v1.${goName(schema, "")}`;
  if (schema.format === "byte") return "[]uint8";
  if (schema.format === "date-time") return schema.micro ? "v1.MicroTime" : "v1.Time";
  if (schema.type === "integer") return schema.format === "int32" ? "int32" : "int64";
  if (schema.type === "boolean") return "bool";
  if (typeof schema.additionalProperties === "object") {
    return `map[string]${goType(schema.additionalProperties)}`;
  }
  return schema.items === undefined ? schema.type ?? "interface {}" : `[]${goType(schema.items)}`;
}

function zeroOf(schema: Schema): Json {
  if (schema.type === "string") return "";
  if (schema.type === "integer") return 0;
  if (schema.type === "boolean") return false;
  return schema.type === "array" ? [] : {};
}

function isZero(value: Json, schema: Schema): boolean {
  if (Array.isArray(value)) return value.length === 0;
  if (isObject(value)) return schema.properties === undefined && Object.keys(value).length === 0;
  return value === "" || value === 0 || value === false;
}
