import type { Json, JsonObject } from "../model/json.ts";
import type { KubeObject } from "../model/object.ts";
import { apiVersionOf, type ResourceType } from "../model/resource.ts";

/**
 * meta.k8s.io/v1 Table of `objects`. `includeObject` is None, Metadata (the default) or Object;
 * columns are left out of the later events of a watch.
 */
export function tableOf(
  objects: readonly KubeObject[],
  type: ResourceType,
  metadata: JsonObject,
  now: number,
  includeObject: string,
  columns: boolean,
): JsonObject {
  return {
    kind: "Table",
    apiVersion: "meta.k8s.io/v1",
    metadata,
    columnDefinitions: columns ? type.columns.map((column): Json => ({ ...column })) : null,
    rows: objects.map((object): Json => ({
      cells: type.cells(object, now),
      object: rowObject(object, type, includeObject),
    })),
  };
}

function rowObject(object: KubeObject, type: ResourceType, includeObject: string): Json {
  if (includeObject === "None") return null;
  if (includeObject === "Object") return { ...object, apiVersion: apiVersionOf(type) };
  return {
    kind: "PartialObjectMetadata",
    apiVersion: "meta.k8s.io/v1",
    metadata: object.metadata,
  };
}
