import type { FieldError } from "../model/errors.ts";
import { forbiddenField, invalidValue, required, unsupported } from "../model/field_errors.ts";
import { isObject } from "../model/json.ts";
import type { KubeObject } from "../model/object.ts";
import { compileRule } from "../schema/cel.ts";
import type { Schema } from "../schema/schema.ts";
import { compileJsonPath } from "../table/json_path.ts";
import { definitionSpec, type DefinitionVersion } from "./definition.ts";

/** What is wrong with a CustomResourceDefinition: the rules that a structural schema must keep. */
export function definitionErrors(crd: KubeObject): FieldError[] {
  if (!isObject(crd.spec) || !isObject(crd.spec.names) || !Array.isArray(crd.spec.versions)) {
    return [required("spec")];
  }
  const spec = definitionSpec(crd);
  const expected = `${spec.names.plural}.${spec.group}`;
  const errors = crd.metadata.name === expected ? [] : [
    invalidValue("metadata.name", crd.metadata.name, 'must be spec.names.plural+"."+spec.group'),
  ];
  if (spec.scope !== "Namespaced" && spec.scope !== "Cluster") {
    errors.push(unsupported("spec.scope", spec.scope ?? "", ["Cluster", "Namespaced"]));
  }
  if (spec.versions.filter((version) => version.storage).length !== 1) {
    const why = "must have exactly one version marked as storage version";
    errors.push({ ...invalidValue("spec.versions", "", why), detail: `Invalid value: ${why}` });
  }
  return [
    ...errors,
    ...spec.versions.flatMap((version, i) => versionErrors(version, i, spec.versions.length)),
  ];
}

function versionErrors(version: DefinitionVersion, index: number, count: number): FieldError[] {
  const base = `spec.versions[${index}]`;
  const schema = version.schema?.openAPIV3Schema;
  // A definition with one version is judged in its unversioned form, whose fields have other names.
  const at = count === 1 ? "spec.validation.openAPIV3Schema" : `${base}.schema.openAPIV3Schema`;
  if (schema === undefined) {
    return [required(`${base}.schema.openAPIV3Schema`, "schemas are required")];
  }
  const errors = schema.type === "object"
    ? []
    : [required(`${at}.type`, "must not be empty at the root")];
  return [
    ...errors,
    ...metadataErrors(schema, at),
    ...schemaErrors(schema, at),
    ...columnErrors(
      version,
      count === 1 ? "spec.additionalPrinterColumns" : `${base}.additionalPrinterColumns`,
    ),
  ];
}

/** metadata may be mentioned, but only its name and generateName restricted. */
function metadataErrors(schema: Schema, at: string): FieldError[] {
  const metadata = schema.properties?.metadata;
  if (metadata === undefined) return [];
  const allowed = new Set(["type", "properties"]);
  const names = Object.keys(metadata.properties ?? {});
  const fits = Object.keys(metadata).every((key) => allowed.has(key)) &&
    names.every((name) => name === "name" || name === "generateName");
  const why =
    "must not specify anything other than name and generateName, but metadata is implicitly specified";
  return fits ? [] : [forbiddenField(`${at}.properties[metadata]`, why)];
}

function schemaErrors(schema: Schema, at: string): FieldError[] {
  const rest = schema.additionalProperties;
  return [
    ...typeErrors(schema, at),
    ...ruleErrors(schema, at),
    ...Object.entries(schema.properties ?? {}).flatMap(([name, inner]) =>
      schemaErrors(inner, `${at}.properties[${name}]`)
    ),
    ...(schema.items === undefined ? [] : schemaErrors(schema.items, `${at}.items`)),
    ...(typeof rest === "object" ? schemaErrors(rest, `${at}.additionalProperties`) : []),
  ];
}

function typeErrors(schema: Schema, at: string): FieldError[] {
  const open = schema["x-kubernetes-preserve-unknown-fields"] ||
    schema["x-kubernetes-int-or-string"];
  const errors: FieldError[] = [];
  if (schema.type === undefined && !open) {
    errors.push(required(`${at}.type`, "must not be empty for specified object fields"));
  }
  if (schema["x-kubernetes-list-type"] === "map" && !schema["x-kubernetes-list-map-keys"]?.length) {
    const why = "must not be empty if x-kubernetes-list-type is map";
    errors.push(required(`${at}.x-kubernetes-list-map-keys`, why));
  }
  if (schema.properties !== undefined && schema.additionalProperties !== undefined) {
    const why = "additionalProperties and properties are mutual exclusive";
    errors.push(forbiddenField(`${at}.additionalProperties`, why));
  }
  return errors;
}

function ruleErrors(schema: Schema, at: string): FieldError[] {
  return (schema["x-kubernetes-validations"] ?? []).flatMap((rule, i) => {
    try {
      compileRule(rule.rule);
      return [];
    } catch (error) {
      const why = `compilation failed: ${error instanceof Error ? error.message : String(error)}`;
      return [invalidValue(`${at}.x-kubernetes-validations[${i}].rule`, rule.rule, why)];
    }
  });
}

function columnErrors(version: DefinitionVersion, at: string): FieldError[] {
  return (version.additionalPrinterColumns ?? []).flatMap((column, i) => {
    try {
      compileJsonPath(column.jsonPath);
      return [];
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      return [invalidValue(`${at}[${i}].JSONPath`, column.jsonPath, why)];
    }
  });
}
