import type { FieldError } from "./errors.ts";
import type { Json } from "./json.ts";

/** A value as Go's field.Error prints it: strings quoted, the rest as JSON. */
function shown(value: Json): string {
  return JSON.stringify(value);
}

export function invalidValue(field: string, value: Json, why: string): FieldError {
  return {
    field,
    reason: "FieldValueInvalid",
    detail: `Invalid value: ${shown(value)}${why === "" ? "" : `: ${why}`}`,
  };
}

export function typeInvalid(field: string, value: Json, why: string): FieldError {
  return {
    field,
    reason: "FieldValueTypeInvalid",
    detail: `Invalid value: ${shown(value)}: ${why}`,
  };
}

export function required(field: string, why = ""): FieldError {
  const detail = why === "" ? "Required value" : `Required value: ${why}`;
  return { field, reason: "FieldValueRequired", detail };
}

export function duplicate(field: string, value: Json): FieldError {
  return { field, reason: "FieldValueDuplicate", detail: `Duplicate value: ${shown(value)}` };
}

export function unsupported(field: string, value: Json, allowed: readonly Json[]): FieldError {
  const detail = `Unsupported value: ${shown(value)}: supported values: ${
    allowed.map(shown).join(", ")
  }`;
  return { field, reason: "FieldValueNotSupported", detail };
}

export function forbiddenField(field: string, why: string): FieldError {
  return { field, reason: "FieldValueForbidden", detail: `Forbidden: ${why}` };
}

export function tooLong(field: string, max: number): FieldError {
  return {
    field,
    reason: "FieldValueTooLong",
    detail: `Too long: may not be more than ${max} bytes`,
  };
}
