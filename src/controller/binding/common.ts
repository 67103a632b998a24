import type { KubernetesObject, Stored } from "../../kubernetes/resources/resource_client.ts";
import { optional } from "../../runtime/optional.ts";
import type { Kept } from "./kept.ts";
import { API_VERSIONS, type ApiName, type BindingBasics, type BindingStatus } from "./view.ts";

/** A binding of either API as far as the two agree. */
type AnyBinding = Stored<KubernetesObject & { status?: BindingStatus }> & Kept;

/** The parts of a view that do not depend on the spec. */
export function basicsOf(api: ApiName, binding: AnyBinding): BindingBasics {
  const { metadata } = binding;
  return {
    api,
    apiVersion: API_VERSIONS[api],
    namespace: metadata.namespace,
    name: metadata.name,
    uid: metadata.uid,
    resourceVersion: metadata.resourceVersion,
    generation: metadata.generation ?? 0,
    deleting: metadata.deletionTimestamp !== undefined,
    finalizers: metadata.finalizers ?? [],
    ...optional("isIncomplete", binding.isIncomplete),
    status: binding.status ?? {},
  };
}
