import type { FieldError } from "../model/errors.ts";
import { invalidValue, required, tooLong } from "../model/field_errors.ts";
import { isObject, type JsonObject } from "../model/json.ts";
import { configKeyErrors } from "../model/names.ts";
import type { KubeObject } from "../model/object.ts";
import { textAt } from "../model/resource.ts";
import { kindSchema } from "../schema/object_meta.ts";
import { boolean, mapOf, pointer, text } from "../schema/schema.ts";
import { AGE_COLUMN, column, creationAge, NAME_COLUMN } from "../table/columns.ts";
import { immutableErrors } from "./config_map.ts";
import { builtin, metadataFields } from "./define.ts";

const SIZE_LIMIT = 1024 * 1024;
const HIDDEN = "<secret contents redacted>";

function dataOf(secret: KubeObject): JsonObject {
  return isObject(secret.data) ? secret.data : {};
}

function prepare(draft: KubeObject): void {
  if (!isObject(draft.stringData)) return;
  const data: JsonObject = { ...dataOf(draft) };
  for (const [key, value] of Object.entries(draft.stringData)) {
    data[key] = encodeBase64(String(value));
  }
  draft.data = data;
  delete draft.stringData;
}

function encodeBase64(value: string): string {
  return btoa(String.fromCharCode(...new TextEncoder().encode(value)));
}

function decodeBase64(value: string): string {
  return new TextDecoder().decode(Uint8Array.from(atob(value), (c) => c.charCodeAt(0)));
}

function validate(secret: KubeObject): FieldError[] {
  const data = dataOf(secret);
  const errors = Object.keys(data).flatMap((key) =>
    configKeyErrors(key).map((why) => invalidValue(`data[${key}]`, key, why))
  );
  const size = Object.values(data).reduce((sum: number, v) => sum + String(v).length * 3 / 4, 0);
  if (size > SIZE_LIMIT) errors.push(tooLong("data", SIZE_LIMIT));
  return [...errors, ...validateType(secret, data)];
}

function validateType(secret: KubeObject, data: JsonObject): FieldError[] {
  switch (secret.type) {
    case "kubernetes.io/dockerconfigjson":
      return validateJson(".dockerconfigjson", data);
    case "kubernetes.io/dockercfg":
      return validateJson(".dockercfg", data);
    case "kubernetes.io/tls":
      return ["tls.crt", "tls.key"].filter((key) => data[key] === undefined)
        .map((key) => required(`data[${key}]`));
    case "kubernetes.io/ssh-auth":
      return data["ssh-privatekey"] ? [] : [required("data[ssh-privatekey]")];
    case "kubernetes.io/service-account-token":
      return secret.metadata.annotations?.["kubernetes.io/service-account.name"]
        ? []
        : [required("metadata.annotations[kubernetes.io/service-account.name]")];
    default:
      return [];
  }
}

function validateJson(key: string, data: JsonObject): FieldError[] {
  const value = data[key];
  if (typeof value !== "string") return [required(`data[${key}]`)];
  const why = jsonMistake(decodeBase64(value));
  return why === undefined ? [] : [invalidValue(`data[${key}]`, HIDDEN, why)];
}

/** What encoding/json of Go would say; the commonest two cases by its words. */
function jsonMistake(value: string): string | undefined {
  if (value.trim() === "") return "unexpected end of JSON input";
  try {
    const parsed: unknown = JSON.parse(value);
    if (isObject(parsed)) return undefined;
    const given = Array.isArray(parsed)
      ? "array"
      : typeof parsed === "boolean"
      ? "bool"
      : typeof parsed;
    return `json: cannot unmarshal ${given} into Go value of type map[string]interface {}`;
  } catch {
    const first = value.trim()[0]!;
    return /[{["\d-]/.test(first)
      ? "unexpected end of JSON input"
      : `invalid character '${first}' looking for beginning of value`;
  }
}

function validateUpdate(secret: KubeObject, old: KubeObject): FieldError[] {
  const errors = secret.type === old.type
    ? []
    : [invalidValue("type", textAt(secret, "type"), "field is immutable")];
  return [...errors, ...immutableErrors(secret, old, ["data"])];
}

/** core/v1 Secret. */
export const SECRET = builtin({
  plural: "secrets",
  singular: "secret",
  kind: "Secret",
  schema: kindSchema("io.k8s.api.core.v1.Secret", {
    data: mapOf({ type: "string", format: "byte" }),
    immutable: pointer(boolean),
    stringData: mapOf(text),
    type: text,
  }),
  columns: [
    NAME_COLUMN,
    column("Type", "What the data is for."),
    column("Data", "Number of entries."),
    AGE_COLUMN,
  ],
  cells: (secret, now) => [
    secret.metadata.name,
    textAt(secret, "type"),
    Object.keys(dataOf(secret)).length,
    creationAge(secret, now),
  ],
  selectableFields: (secret) => ({ ...metadataFields(secret), type: textAt(secret, "type") }),
  strategy: {
    prepareForCreate(draft) {
      prepare(draft);
      draft.type ??= "Opaque";
    },
    prepareForUpdate(draft, old) {
      prepare(draft);
      draft.type ??= old.type ?? "Opaque";
    },
    validate,
    validateUpdate,
  },
});
