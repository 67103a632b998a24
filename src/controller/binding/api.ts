import type {
  KubernetesObject,
  ResourceDefinition,
  Stored,
} from "../../kubernetes/resources/resource_client.ts";
import type { Kept } from "./kept.ts";
import type { BindingSettings } from "./settings.ts";
import type { ApiName, Asked, BindingStatus, SecretRules } from "./view.ts";

/** An AcrPullBinding of some API, whose spec that API alone understands. */
export type AcrPullBinding<Spec = unknown> = KubernetesObject & {
  readonly spec?: Spec;
  readonly status?: BindingStatus;
};

/** What a cache holds of a binding. */
export type CachedBinding<Spec = unknown> = Stored<AcrPullBinding<Spec>> & Kept;

/**
 * All that tells one API of bindings from another. Whoever serves bindings takes it from here, and
 * knows of no version.
 */
export interface BindingApi<Spec = unknown> extends SecretRules {
  readonly name: ApiName;
  /** Of its objects. */
  readonly apiVersion: string;
  /** Where they are found. */
  readonly definition: ResourceDefinition;
  /** Most Unicode characters of each string, by its place, as its CRD has them. */
  readonly maxLengths: Readonly<Record<string, number>>;
  /** The name of the Secret of the binding of that name. */
  secretName(binding: string): string;
  /** The ServiceAccounts that concern a binding, without the cost of understanding all of it. */
  accountsOf(binding: CachedBinding<Spec>): readonly string[];
  /** What the binding asks for, after the operator's defaults. */
  asked(binding: CachedBinding<Spec>, settings: BindingSettings): Asked;
}

/** The name of the CRD behind an API. */
export function crdOf({ definition: { plural, group } }: BindingApi): string {
  return `${plural}.${group}`;
}

/** The name of an API's resource in logs and metrics. */
export function resourceNameOf({ definition: { plural }, name }: BindingApi): string {
  return `${plural} ${name}`;
}
