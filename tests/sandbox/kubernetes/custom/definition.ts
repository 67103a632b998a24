import type { Column } from "../model/resource.ts";
import { isObject, type Json } from "../model/json.ts";
import type { KubeObject } from "../model/object.ts";
import type { Schema } from "../schema/schema.ts";

/** A printer column as a CustomResourceDefinition declares it. */
export type PrinterColumn = Partial<Column> & { name: string; type: string; jsonPath: string };

/** One version of a CustomResourceDefinition. */
export type DefinitionVersion = {
  name: string;
  served: boolean;
  storage: boolean;
  schema?: { openAPIV3Schema?: Schema };
  subresources?: { status?: Json; scale?: Json };
  additionalPrinterColumns?: PrinterColumn[];
  selectableFields?: { jsonPath: string }[];
};

/** spec of a CustomResourceDefinition, after defaults. */
export type DefinitionSpec = {
  group: string;
  scope: string;
  names: {
    plural: string;
    singular: string;
    kind: string;
    listKind: string;
    shortNames?: string[];
    categories?: string[];
  };
  versions: DefinitionVersion[];
};

/** The spec of a stored definition; validation has seen to its shape. */
export function definitionSpec(crd: KubeObject): DefinitionSpec {
  if (!isObject(crd.spec)) throw new Error(`${crd.metadata.name} has no spec`);
  return crd.spec as unknown as DefinitionSpec;
}
