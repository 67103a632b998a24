import * as v1beta1 from "../../src/api/v1beta1.ts";
import * as v1beta2 from "../../src/api/v1beta2.ts";
import type { RestClient } from "../../src/kubernetes/http/contract.ts";
import { ApiError, isNotFound } from "../../src/kubernetes/http/errors.ts";
import {
  type KubernetesObject,
  type PartialObjectMetadata,
  ResourceClient,
  type ResourceDefinition,
  type Stored,
} from "../../src/kubernetes/resources/resource_client.ts";

/** Namespaces. */
export const NAMESPACE_DEFINITION: ResourceDefinition = {
  group: "",
  version: "v1",
  plural: "namespaces",
  kind: "Namespace",
  namespaced: false,
};

/** CustomResourceDefinitions. */
export const CRD_DEFINITION: ResourceDefinition = {
  group: "apiextensions.k8s.io",
  version: "v1",
  plural: "customresourcedefinitions",
  kind: "CustomResourceDefinition",
  namespaced: false,
};

/** Reads, patches and deletes objects of one resource, and sees their metadata alone. */
export type MetadataClient = ResourceClient<KubernetesObject, PartialObjectMetadata>;

/** A client of metadata, all that the demo needs to know of most things. */
export function metadataOf(rest: RestClient, definition: ResourceDefinition): MetadataClient {
  return new ResourceClient<KubernetesObject>(rest, definition).metadataOnly();
}

/** Clients of both APIs' bindings. */
export function bindingClients(rest: RestClient): MetadataClient[] {
  return [v1beta1.definition, v1beta2.definition].map((definition) => metadataOf(rest, definition));
}

/** What `read` answers, or undefined where the object, or its very resource, is not there. */
export async function ifThere<T>(read: Promise<T>): Promise<T | undefined> {
  try {
    return await read;
  } catch (error) {
    if (isAbsent(error)) return undefined;
    throw error;
  }
}

/** A path that the server does not know is answered 404 without a Status of Kubernetes. */
function isAbsent(error: unknown): boolean {
  return isNotFound(error) || error instanceof ApiError && error.code === 404;
}

/** Whether an object carries `label` with `value`. */
export function isLabelled(
  object: Stored<KubernetesObject>,
  label: string,
  value: string,
): boolean {
  return object.metadata.labels?.[label] === value;
}
