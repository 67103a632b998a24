import type { ObjectMeta } from "kubernetes-types/meta/v1.d.ts";
import { ApiError } from "../http/errors.ts";
import { asObject } from "../../runtime/as_object.ts";

export type { ObjectMeta, OwnerReference } from "kubernetes-types/meta/v1.d.ts";

/** What every Kubernetes object has in common. */
export interface KubernetesObject {
  apiVersion?: string;
  kind?: string;
  metadata?: ObjectMeta;
}

/** An object without spec, status or data: all that a metadata-only client is given. */
export interface PartialObjectMetadata {
  apiVersion?: string;
  kind?: string;
  metadata?: ObjectMeta;
}

/** The fields that a server fills in. `namespace` is `""` for what lives in none. */
export interface StoredIdentity {
  readonly name: string;
  readonly namespace: string;
  readonly uid: string;
  readonly resourceVersion: string;
}

/** An object as a server returned it. Items of a list may lack `apiVersion` and `kind`. */
export type Stored<T extends KubernetesObject> = T & { metadata: ObjectMeta & StoredIdentity };

/** Where a resource lives and what its objects are called. */
export interface ResourceDefinition {
  /** Empty for the core group. */
  readonly group: string;
  readonly version: string;
  readonly plural: string;
  readonly kind: string;
  readonly namespaced: boolean;
  /**
   * Bytes of JSON beyond which no string of a large object is needed: none that is longer is written
   * again. Absent where all are needed.
   */
  readonly longestString?: number;
}

/** The `apiVersion` that objects of a resource carry. */
export function apiVersionOf(definition: ResourceDefinition): string {
  const { group, version } = definition;
  return group === "" ? version : `${group}/${version}`;
}

/**
 * Checks that an answer is an object with its identity filled in, and answers it unchanged but for
 * the namespace `""` of a cluster-scoped one. Throws an ApiError of reason `BadAnswer` otherwise,
 * which names the field and no value.
 */
export function toStored<T extends KubernetesObject>(
  answer: unknown,
  definition: ResourceDefinition,
): Stored<T> {
  const metadata = asObject(asObject(answer)?.metadata);
  if (!metadata) throw badAnswer(definition, "an object without metadata");
  for (const field of ["name", "uid", "resourceVersion"]) {
    if (!isFilled(metadata[field])) throw badAnswer(definition, `an object without ${field}`);
  }
  if (!definition.namespaced) metadata.namespace ??= "";
  else if (!isFilled(metadata.namespace)) {
    throw badAnswer(definition, "an object without namespace");
  }
  return answer as Stored<T>;
}

/** An answer that breaks the API's own rules. `what` is told after "the API server sent". */
export function badAnswer(definition: ResourceDefinition, what: string): ApiError {
  return new ApiError({
    code: 0,
    reason: "BadAnswer",
    message: `${apiVersionOf(definition)} ${definition.plural}: the API server sent ${what}`,
  });
}

function isFilled(value: unknown): value is string {
  return typeof value === "string" && value !== "";
}
