import type { CachedBinding } from "../../../src/controller/binding/api.ts";
import { APIS } from "../../../src/controller/binding/apis.ts";
import { basicsOf } from "../../../src/controller/binding/basics.ts";
import type { BindingSettings } from "../../../src/controller/binding/settings.ts";
import { V1BETA1 } from "../../../src/controller/binding/v1beta1.ts";
import { V1BETA2 } from "../../../src/controller/binding/v1beta2.ts";
import type { BindingView } from "../../../src/controller/binding/view.ts";

/** A v1beta1 binding as the plan sees it. */
export function viewOfV1beta1(
  binding: CachedBinding,
  settings: BindingSettings,
): BindingView {
  return { ...basicsOf(V1BETA1, binding), ...V1BETA1.asked(binding as never, settings) };
}

/** A v1beta2 binding as the plan sees it. */
export function viewOfV1beta2(
  binding: CachedBinding,
  settings: BindingSettings,
): BindingView {
  return { ...basicsOf(V1BETA2, binding), ...V1BETA2.asked(binding as never, settings) };
}

/** Of which API's bindings a Secret of that name is. */
export function kindOfReference(secret: string): string {
  return APIS.ofSecret(secret)?.name ?? "other";
}
