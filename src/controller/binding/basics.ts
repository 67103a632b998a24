import { optional } from "../../runtime/optional.ts";
import type { BindingApi, CachedBinding } from "./api.ts";
import type { BindingBasics } from "./view.ts";

/** The parts of a view that do not depend on the spec. */
export function basicsOf(api: BindingApi, binding: CachedBinding): BindingBasics {
  const { metadata } = binding;
  return {
    api: api.name,
    apiVersion: api.apiVersion,
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
