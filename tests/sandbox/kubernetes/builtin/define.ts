import { subdomainErrors } from "../model/names.ts";
import type { KubeObject } from "../model/object.ts";
import type { ResourceType, Strategy } from "../model/resource.ts";
import { AGE_COLUMN, creationAge, NAME_COLUMN } from "../table/columns.ts";

/** The fields that every kind lets a fieldSelector name. */
export function metadataFields(object: KubeObject): Record<string, string> {
  const { name, namespace } = object.metadata;
  return { "metadata.name": name, "metadata.namespace": namespace ?? "" };
}

const PLAIN: Strategy = {
  prepareForCreate: () => {},
  prepareForUpdate: () => {},
  validate: () => [],
  validateUpdate: () => [],
  nameErrors: subdomainErrors,
};

/** What a built-in kind must say of itself; the rest has defaults. */
export type BuiltinDefinition =
  & Pick<ResourceType, "plural" | "singular" | "kind" | "schema">
  & Partial<Omit<ResourceType, "strategy">>
  & { readonly strategy?: Partial<Strategy> };

/** A built-in kind: core v1, namespaced, Name and Age as columns, unless `definition` says else. */
export function builtin(definition: BuiltinDefinition): ResourceType {
  return {
    group: "",
    version: "v1",
    listKind: `${definition.kind}List`,
    shortNames: [],
    categories: [],
    namespaced: true,
    subresources: {},
    custom: false,
    tracksGeneration: false,
    unconditionalUpdate: true,
    createOnUpdate: false,
    returnsDeleted: false,
    columns: [NAME_COLUMN, AGE_COLUMN],
    cells: (object, now) => [object.metadata.name, creationAge(object, now)],
    selectableFields: metadataFields,
    ...definition,
    strategy: { ...PLAIN, ...definition.strategy },
  };
}
