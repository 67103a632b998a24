import { parse } from "yaml";

/** A CustomResourceDefinition as far as types, clients and the guide need it. */
export interface Crd {
  group: string;
  kind: string;
  plural: string;
  shortNames: string[];
  namespaced: boolean;
  versions: CrdVersion[];
}

/** One served version of a CRD. */
export interface CrdVersion {
  name: string;
  schema: Record<string, unknown>;
  /** Where the schema stands, for messages. */
  path: string;
  columns: PrinterColumn[];
}

/** A column that `kubectl get` shows. */
export interface PrinterColumn {
  name: string;
  description: string;
  /** Whether it is shown with `-o wide` alone. */
  wide: boolean;
}

/**
 * Reads a CustomResourceDefinition (apiextensions.k8s.io/v1). `file` leads every message. Throws an
 * Error that names file and field for what is no such thing. Versions that are not served are left
 * out.
 */
export function readCrd(yaml: string, file: string): Crd {
  const root = objectAt(parseYaml(yaml, file), file);
  if (root.apiVersion !== "apiextensions.k8s.io/v1" || root.kind !== "CustomResourceDefinition") {
    throw new Error(`${file}: must be a CustomResourceDefinition of apiextensions.k8s.io/v1`);
  }
  const spec = objectAt(root.spec, `${file}: spec`);
  const names = objectAt(spec.names, `${file}: spec.names`);
  const versions = arrayAt(spec.versions, `${file}: spec.versions`);
  return {
    group: stringAt(spec.group, `${file}: spec.group`),
    kind: stringAt(names.kind, `${file}: spec.names.kind`),
    plural: stringAt(names.plural, `${file}: spec.names.plural`),
    shortNames: arrayAt(names.shortNames ?? [], `${file}: spec.names.shortNames`).map(String),
    namespaced: stringAt(spec.scope, `${file}: spec.scope`) === "Namespaced",
    versions: versions.flatMap((version, i) =>
      readVersion(version, `${file}: spec.versions[${i}]`)
    ),
  };
}

function readVersion(value: unknown, path: string): CrdVersion[] {
  const version = objectAt(value, path);
  if (version.served !== true) return [];
  const name = stringAt(version.name, `${path}.name`);
  objectAt(
    objectAt(version.subresources, `${path}.subresources`).status,
    `${path}.subresources.status`,
  );
  const schemaPath = `${path}.schema.openAPIV3Schema`;
  const schema = objectAt(objectAt(version.schema, `${path}.schema`).openAPIV3Schema, schemaPath);
  return [{ name, schema, path: schemaPath, columns: readColumns(version, path) }];
}

function readColumns(version: Record<string, unknown>, path: string): PrinterColumn[] {
  const at = `${path}.additionalPrinterColumns`;
  return arrayAt(version.additionalPrinterColumns ?? [], at).map((value, i) => {
    const { name, description, priority } = objectAt(value, `${at}[${i}]`);
    return {
      name: stringAt(name, `${at}[${i}].name`),
      description: stringAt(description, `${at}[${i}].description`),
      wide: priority !== undefined && priority !== 0,
    };
  });
}

function parseYaml(yaml: string, file: string): unknown {
  try {
    return parse(yaml);
  } catch (error) {
    const [line] = (error as Error).message.split("\n");
    throw new Error(`${file}: cannot be read as one YAML document: ${line}`, { cause: error });
  }
}

/** The value as a mapping; throws an Error that leads with `path` otherwise. */
export function objectAt(value: unknown, path: string): Record<string, unknown> {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) {
    return value as Record<string, unknown>;
  }
  throw new Error(`${path} must be a mapping`);
}

/** The value as a list; throws an Error that leads with `path` otherwise. */
export function arrayAt(value: unknown, path: string): unknown[] {
  if (Array.isArray(value)) return value;
  throw new Error(`${path} must be a list`);
}

/** The value as a string that is not empty; throws an Error that leads with `path` otherwise. */
export function stringAt(value: unknown, path: string): string {
  if (typeof value === "string" && value !== "") return value;
  throw new Error(`${path} must be a string that is not empty`);
}
