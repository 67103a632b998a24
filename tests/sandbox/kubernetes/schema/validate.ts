import type { FieldError } from "../model/errors.ts";
import { duplicate, required, tooLong, typeInvalid, unsupported } from "../model/field_errors.ts";
import { invalidValue } from "../model/field_errors.ts";
import { canonicalJson, equalJson, isObject, type Json, type JsonObject } from "../model/json.ts";
import { fitsFormat } from "./formats.ts";
import { itemKey, type Schema } from "./schema.ts";

/** Where a value stands: `field` as the client sees it, `body` as the schema validator names it. */
interface Place {
  readonly field: string;
  readonly body: string;
}

/**
 * Checks a custom object, or its status, against a structural schema. `old` is the stored value:
 * what an update leaves as it was is not judged again. The texts are those of the API server.
 */
export function validateSchema(
  value: Json,
  schema: Schema,
  field: string,
  old: Json | undefined,
): FieldError[] {
  const errors: FieldError[] = [];
  check(value, schema, { field, body: "" }, old, errors);
  return errors;
}

function below(place: Place, name: string): Place {
  const join = (path: string) => path === "" ? name : `${path}.${name}`;
  return { field: join(place.field), body: join(place.body) };
}

function check(
  value: Json,
  schema: Schema,
  place: Place,
  old: Json | undefined,
  errors: FieldError[],
): void {
  if (old !== undefined && equalJson(value, old)) return;
  if (value === null && schema.nullable) return;
  if (schema["x-kubernetes-int-or-string"]) return;
  if (schema.enum !== undefined && !schema.enum.some((known) => equalJson(known, value))) {
    errors.push(unsupported(place.field, value, schema.enum));
  }
  const mistake = typeMistake(value, schema);
  if (mistake !== undefined) {
    errors.push(typeInvalid(place.field, mistake.given, inBody(place, mistake.why)));
    return;
  }
  if (typeof value === "string") checkText(value, schema, place, errors);
  else if (typeof value === "number") checkNumber(value, schema, place, errors);
  else if (Array.isArray(value)) checkList(value, schema, place, old, errors);
  else if (isObject(value)) checkObject(value, schema, place, old, errors);
  checkCombined(value, schema, place, errors);
}

function inBody(place: Place, why: string): string {
  return `${place.body === "" ? "" : place.body} in body ${why}`;
}

function typeMistake(value: Json, schema: Schema): { given: string; why: string } | undefined {
  if (schema.type === undefined) return undefined;
  const given = typeName(value);
  if (schema.type === given || (schema.type === "number" && given === "integer")) {
    return undefined;
  }
  if (schema.type === "integer" && given === "number") {
    const format = schema.format ?? "integer";
    return { given: "float64", why: `must be of type ${format}: "float64"` };
  }
  return { given, why: `must be of type ${schema.type}: ${JSON.stringify(given)}` };
}

function typeName(value: Json): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "array";
  if (typeof value === "number") return Number.isInteger(value) ? "integer" : "number";
  return typeof value;
}

function checkText(value: string, schema: Schema, place: Place, errors: FieldError[]): void {
  const length = [...value].length;
  if (schema.maxLength !== undefined && length > schema.maxLength) {
    errors.push(tooLong(place.field, schema.maxLength));
  }
  if (schema.minLength !== undefined && length < schema.minLength) {
    const why = `should be at least ${schema.minLength} chars long`;
    errors.push(invalidValue(place.field, value, inBody(place, why)));
  }
  if (schema.pattern !== undefined && !new RegExp(schema.pattern, "u").test(value)) {
    errors.push(
      invalidValue(place.field, value, inBody(place, `should match '${schema.pattern}'`)),
    );
  }
  if (schema.format !== undefined && !fitsFormat(value, schema.format)) {
    const why = inBody(place, `must be of type ${schema.format}: ${JSON.stringify(value)}`);
    errors.push(typeInvalid(place.field, value, why));
  }
}

function checkNumber(value: number, schema: Schema, place: Place, errors: FieldError[]): void {
  const low = schema.minimum;
  const high = schema.maximum;
  if (low !== undefined && (schema.exclusiveMinimum ? value <= low : value < low)) {
    const why = `should be greater than ${schema.exclusiveMinimum ? "" : "or equal to "}${low}`;
    errors.push(invalidValue(place.field, value, inBody(place, why)));
  }
  if (high !== undefined && (schema.exclusiveMaximum ? value >= high : value > high)) {
    const why = `should be less than ${schema.exclusiveMaximum ? "" : "or equal to "}${high}`;
    errors.push(invalidValue(place.field, value, inBody(place, why)));
  }
  if (schema.multipleOf !== undefined && value % schema.multipleOf !== 0) {
    const why = `should be a multiple of ${schema.multipleOf}`;
    errors.push(invalidValue(place.field, value, inBody(place, why)));
  }
}

function checkList(
  list: Json[],
  schema: Schema,
  place: Place,
  old: Json | undefined,
  errors: FieldError[],
): void {
  const { maxItems, minItems } = schema;
  if (maxItems !== undefined && list.length > maxItems) {
    const detail = `Too many: ${list.length}: must have at most ${maxItems} items`;
    errors.push({ field: place.field, reason: "FieldValueTooMany", detail });
  }
  if (minItems !== undefined && list.length < minItems) {
    const why = inBody(place, `should have at least ${minItems} items`);
    errors.push(invalidValue(place.field, list.length, why));
  }
  const before = oldItems(old, schema);
  list.forEach((item, i) => {
    const at = { field: `${place.field}[${i}]`, body: `${place.body}[${i}]` };
    if (schema.items !== undefined) check(item, schema.items, at, before(item), errors);
  });
}

/** Finds the stored item that an item replaces: only list-maps tell which. */
function oldItems(old: Json | undefined, schema: Schema): (item: Json) => Json | undefined {
  if (!Array.isArray(old)) return () => undefined;
  return (item) => {
    const key = isObject(item) ? itemKey(schema, item) : undefined;
    if (key === undefined) return undefined;
    return old.find((other) => isObject(other) && equalJson(itemKey(schema, other), key));
  };
}

function checkObject(
  object: JsonObject,
  schema: Schema,
  place: Place,
  old: Json | undefined,
  errors: FieldError[],
): void {
  for (const field of schema.required ?? []) {
    if (object[field] === undefined) errors.push(required(below(place, field).field));
  }
  const before = isObject(old) ? old : {};
  for (const [field, value] of Object.entries(object)) {
    const known = schema.properties?.[field] ?? schema.additionalProperties;
    if (typeof known === "object") check(value, known, below(place, field), before[field], errors);
  }
  const { maxProperties, minProperties } = schema;
  const size = Object.keys(object).length;
  if (maxProperties !== undefined && size > maxProperties) {
    const detail = `Too many: ${size}: must have at most ${maxProperties} items`;
    errors.push({ field: place.field, reason: "FieldValueTooMany", detail });
  }
  if (minProperties !== undefined && size < minProperties) {
    const why = inBody(place, `should have at least ${minProperties} properties`);
    errors.push(invalidValue(place.field, size, why));
  }
}

function checkCombined(value: Json, schema: Schema, place: Place, errors: FieldError[]): void {
  const fits = (part: Schema) => validateSchema(value, part, place.field, undefined).length === 0;
  for (const part of schema.allOf ?? []) check(value, part, place, undefined, errors);
  if (schema.anyOf !== undefined && !schema.anyOf.some(fits)) {
    errors.push(invalidValue(place.field, "", inBody(place, "must validate at least one schema")));
  }
  if (schema.oneOf !== undefined && schema.oneOf.filter(fits).length !== 1) {
    const why = inBody(place, "must validate one and only one schema (oneOf)");
    errors.push(invalidValue(place.field, "", why));
  }
  if (schema.not !== undefined && fits(schema.not)) {
    errors.push(invalidValue(place.field, "", inBody(place, "must not validate the schema (not)")));
  }
}

/** Finds items that a list-set or list-map holds twice, anywhere below `value`. */
export function validateListTypes(value: Json, schema: Schema, field: string): FieldError[] {
  if (Array.isArray(value)) return listDuplicates(value, schema, field);
  if (!isObject(value)) return [];
  return Object.entries(value).flatMap(([name, item]) => {
    const known = schema.properties?.[name] ?? schema.additionalProperties;
    const at = field === "" ? name : `${field}.${name}`;
    return typeof known === "object" ? validateListTypes(item, known, at) : [];
  });
}

function listDuplicates(list: Json[], schema: Schema, field: string): FieldError[] {
  const seen = new Set<string>();
  const kind = schema["x-kubernetes-list-type"];
  return list.flatMap((item, i) => {
    const inner = schema.items === undefined
      ? []
      : validateListTypes(item, schema.items, `${field}[${i}]`);
    const key = kind === "set" ? item : isObject(item) ? itemKey(schema, item) : undefined;
    if (key === undefined) return inner;
    const name = canonicalJson(key);
    if (seen.has(name)) return [...inner, duplicate(`${field}[${i}]`, key)];
    seen.add(name);
    return inner;
  });
}
