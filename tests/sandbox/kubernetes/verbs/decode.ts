import { parseObject, unrecognized } from "../http/body.ts";
import type { FieldValidation } from "../http/options.ts";
import { ApiError, badRequest, invalid } from "../model/errors.ts";
import { invalidValue } from "../model/field_errors.ts";
import { isObject, type JsonObject } from "../model/json.ts";
import type { KubeObject } from "../model/object.ts";
import { apiVersionOf, type ResourceType } from "../model/resource.ts";
import { applyDefaults } from "../schema/defaults.ts";
import { pruneCustom } from "../schema/prune.ts";
import { cannotBeHandled, decodeTyped, type Decoding, TypeMismatch } from "../schema/typed.ts";
import type { Call } from "./call.ts";

/** Reads the body of a create or update: parsed, of the right kind, pruned and defaulted. */
export function decodeBody(call: Call, validation: FieldValidation): KubeObject {
  const { type } = call;
  const raw = parseObject(call.body, call.contentType, type.kind);
  checkKind(raw, call);
  const version = String(raw.apiVersion).split("/").at(-1)!;
  const refuse = (why: string) => cannotBeHandled(String(raw.kind), version, type.kind, why);
  return decodeRaw(raw, call, validation, refuse);
}

/** Reads the outcome of a patch. Its errors repeat the patched object, as the real server's do. */
export function decodePatched(
  raw: JsonObject,
  call: Call,
  validation: FieldValidation,
  defaults = true,
): KubeObject {
  const refuse = (why: string) =>
    invalid({ group: "", kind: "" }, "", [invalidValue("patch", JSON.stringify(raw), why)]);
  return decodeRaw(raw, call, validation, refuse, defaults);
}

function decodeRaw(
  raw: JsonObject,
  call: Call,
  validation: FieldValidation,
  refuse: (why: string) => ApiError,
  defaults = true,
): KubeObject {
  const { type } = call;
  const found: Decoding = { unknown: [] };
  const object = readAs(raw, type, found, refuse);
  if (found.unknown.length > 0) {
    const list = found.unknown.map((path) => `unknown field ${JSON.stringify(path)}`);
    if (validation === "Strict") throw refuse(`strict decoding error: ${list.join(", ")}`);
    if (validation === "Warn") call.warnings.push(...list);
  }
  if (type.custom && defaults) applyDefaults(object, type.schema);
  return toObject(object, type);
}

function readAs(
  raw: JsonObject,
  type: ResourceType,
  found: Decoding,
  refuse: (why: string) => ApiError,
): JsonObject {
  try {
    return type.custom
      ? pruneCustom(raw, type.schema, found)
      : decodeTyped(raw, type.schema, found);
  } catch (error) {
    if (error instanceof TypeMismatch) throw refuse(error.message);
    throw error;
  }
}

function toObject(fields: JsonObject, type: ResourceType): KubeObject {
  const metadata = isObject(fields.metadata) ? fields.metadata : {};
  const { apiVersion = apiVersionOf(type), kind = type.kind } = fields;
  return {
    ...fields,
    apiVersion: String(apiVersion),
    kind: String(kind),
    metadata: { ...metadata, name: String(metadata.name ?? "") },
  };
}

/** Built-in kinds may leave apiVersion and kind out; custom ones must name both. */
function checkKind(raw: JsonObject, { type, body }: Call): void {
  const expected = apiVersionOf(type);
  if (!type.custom) {
    checkBuiltinKind(raw, type, expected);
    return;
  }
  for (const [field, name] of [["kind", "Kind"], ["apiVersion", "apiVersion"]] as const) {
    if (typeof raw[field] !== "string" || raw[field] === "") {
      throw unrecognized(type.kind, `Object '${name}' is missing in '${body}'`, body);
    }
  }
  if (raw.apiVersion !== expected) {
    throw badRequest(
      `the API version in the data (${raw.apiVersion}) does not match the expected API version (${expected})`,
    );
  }
}

function checkBuiltinKind(raw: JsonObject, type: ResourceType, expected: string): void {
  raw.kind ||= type.kind;
  raw.apiVersion ||= expected;
  const kind = String(raw.kind);
  const version = String(raw.apiVersion).split("/").at(-1)!;
  if (raw.apiVersion !== expected) {
    const why = `no kind ${JSON.stringify(kind)} is registered for version ${
      JSON.stringify(raw.apiVersion)
    } in scheme "pkg/runtime/scheme.go:111"`;
    throw cannotBeHandled(kind, version, type.kind, why);
  }
  if (kind !== type.kind) {
    const why = `converting (${version}.${kind}) to (core.${type.kind}): unknown conversion`;
    throw cannotBeHandled(kind, version, type.kind, why);
  }
}
