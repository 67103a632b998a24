import { metadataFields } from "../builtin/define.ts";
import { cloneJson, isObject, type Json } from "../model/json.ts";
import { subdomainErrors } from "../model/names.ts";
import type { KubeObject } from "../model/object.ts";
import type { Column, ResourceType, Strategy, Write } from "../model/resource.ts";
import { apiVersionOf } from "../model/resource.ts";
import { hasRules, validateRules } from "../schema/cel.ts";
import type { FieldError } from "../model/errors.ts";
import { invalidValue } from "../model/field_errors.ts";
import type { Schema } from "../schema/schema.ts";
import { validateListTypes, validateSchema } from "../schema/validate.ts";
import { ageOf } from "../table/age.ts";
import { AGE_COLUMN, column, NAME_COLUMN } from "../table/columns.ts";
import { compileJsonPath, type JsonPath } from "../table/json_path.ts";
import type { DefinitionSpec, DefinitionVersion, PrinterColumn } from "./definition.ts";

/** The resources that a definition serves, one for each served version. */
export function customResources(spec: DefinitionSpec): ResourceType[] {
  return spec.versions.filter((version) => version.served)
    .map((version) => customResource(spec, version));
}

function customResource(spec: DefinitionSpec, version: DefinitionVersion): ResourceType {
  const schema = version.schema?.openAPIV3Schema ?? { type: "object" };
  const status = version.subresources?.status !== undefined;
  const printers = printerColumns(version.additionalPrinterColumns);
  return {
    group: spec.group,
    version: version.name,
    plural: spec.names.plural,
    singular: spec.names.singular,
    kind: spec.names.kind,
    listKind: spec.names.listKind,
    shortNames: spec.names.shortNames ?? [],
    categories: spec.names.categories ?? [],
    namespaced: spec.scope === "Namespaced",
    subresources: status ? { status: ["get", "patch", "update"] } : {},
    custom: true,
    schema,
    tracksGeneration: true,
    unconditionalUpdate: false,
    createOnUpdate: false,
    returnsDeleted: false,
    columns: [NAME_COLUMN, ...printers.map((printer) => printer.column)],
    cells: (object, now) => [
      object.metadata.name,
      ...printers.map((printer) => printer.cell(object, now)),
    ],
    selectableFields: selectable(version),
    strategy: customStrategy(spec, version, schema, status),
  };
}

interface Printer {
  readonly column: Column;
  cell(object: KubeObject, now: number): Json;
}

/** A definition without columns shows the age; one with columns shows just those. */
function printerColumns(columns: readonly PrinterColumn[] | undefined): Printer[] {
  if (columns === undefined || columns.length === 0) {
    return [{
      column: { ...AGE_COLUMN, type: "date" },
      cell: (object, now) => ageOf(object.metadata.creationTimestamp, now),
    }];
  }
  return columns.map((defined) => {
    const { name, type, format = "", description = "", priority = 0 } = defined;
    const path = compileJsonPath(defined.jsonPath);
    return {
      column: column(name, description, { type, format, priority }),
      cell: (object, now) => cellOf(path(object), type, now),
    };
  });
}

/** A value that is not of the column's type is left out, as is a missing one. */
function cellOf(found: ReturnType<JsonPath>, type: string, now: number): Json {
  const value = found[0];
  if (value === undefined || value === null) return null;
  if (type === "date") {
    return typeof value === "string" && !Number.isNaN(Date.parse(value))
      ? ageOf(value, now)
      : "<invalid>";
  }
  if (type === "integer" || type === "number") return typeof value === "number" ? value : null;
  if (type === "boolean") return typeof value === "boolean" ? value : null;
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

function selectable(version: DefinitionVersion): ResourceType["selectableFields"] {
  const paths = (version.selectableFields ?? []).map(({ jsonPath }) =>
    [jsonPath.replace(/^\./, ""), compileJsonPath(jsonPath)] as const
  );
  return (object) => ({
    ...metadataFields(object),
    ...Object.fromEntries(paths.map(([name, path]) => [name, String(path(object)[0] ?? "")])),
  });
}

function customStrategy(
  spec: DefinitionSpec,
  version: DefinitionVersion,
  schema: Schema,
  status: boolean,
): Strategy {
  const expected = apiVersionOf({ group: spec.group, version: version.name });
  return {
    nameErrors: subdomainErrors,
    prepareForCreate(draft) {
      if (status) delete draft.status;
    },
    prepareForUpdate(draft, old) {
      if (!status) return;
      delete draft.status;
      if (old.status !== undefined) draft.status = cloneJson(old.status);
    },
    validate: (object, write) => [
      ...kindErrors(object, spec.names.kind, expected),
      ...validateCustom(object, schema, write),
    ],
    validateUpdate: () => [],
  };
}

function kindErrors(object: KubeObject, kind: string, apiVersion: string): FieldError[] {
  const errors: FieldError[] = [];
  if (object.kind !== kind) errors.push(invalidValue("kind", object.kind, `must be ${kind}`));
  if (object.apiVersion !== apiVersion) {
    errors.push(invalidValue("apiVersion", object.apiVersion, `must be ${apiVersion}`));
  }
  return errors;
}

const BLOCKING = new Set([
  "FieldValueNotSupported",
  "FieldValueRequired",
  "FieldValueTooLong",
  "FieldValueTooMany",
  "FieldValueTypeInvalid",
]);

const UNCHECKED: FieldError = {
  field: "<nil>",
  reason: "FieldValueInvalid",
  detail:
    "Invalid value: null: some validation rules were not checked because the object was invalid; correct the existing errors to complete validation",
};

/**
 * Schema, list types, then the CEL rules unless what they would read is malformed. A write to the
 * status is judged by the status's part of the schema alone.
 */
function validateCustom(
  object: KubeObject,
  schema: Schema,
  { old, subresource, found }: Write,
): FieldError[] {
  const statusOnly = subresource === "status";
  const part = statusOnly ? schema.properties?.status ?? {} : schema;
  const field = statusOnly ? "status" : "";
  const value = statusOnly ? object.status : bodyOf(object);
  if (value === undefined) return [];
  const before = old === undefined ? undefined : statusOnly ? old.status : bodyOf(old);
  const errors = [
    ...validateSchema(value, part, field, before),
    ...validateListTypes(value, part, field),
  ];
  if (!hasRules(schema)) return errors;
  if ([...found, ...errors].some((error) => BLOCKING.has(error.reason))) {
    return [...errors, UNCHECKED];
  }
  return [...errors, ...validateRules(value, part, field, before)];
}

/** metadata, apiVersion and kind have rules of their own. */
function bodyOf(object: KubeObject): { [field: string]: Json } {
  const { metadata: _metadata, ...rest } = object;
  return isObject(rest) ? rest : {};
}
