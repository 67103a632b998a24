import type { KubernetesObject, Stored } from "../../kubernetes/resource.ts";
import { optional } from "../../runtime/optional.ts";
import type { Kept } from "./kept.ts";
import type { BindingStatus, BindingView } from "./view.ts";

/** A binding of either API as far as the two agree. */
type AnyBinding = Stored<KubernetesObject & { status?: BindingStatus }> & Kept;

/** The parts of a view that do not depend on the API. */
export function commonView(
  binding: AnyBinding,
): Pick<
  BindingView,
  | "namespace"
  | "name"
  | "uid"
  | "resourceVersion"
  | "generation"
  | "deleting"
  | "finalizers"
  | "isIncomplete"
  | "status"
> {
  const { metadata } = binding;
  return {
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
