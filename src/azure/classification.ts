import type { FailureClass } from "./errors.ts";

/** What a rule says of the failures that it matches. */
export interface Classification {
  readonly class: FailureClass;
  readonly reason: string;
  readonly remedy: string;
  /** Only a change in the cluster or of the operator's settings can heal it. */
  readonly healsInCluster?: true;
}

/** A rule matches when everything that it names agrees with the answer. */
export interface Rule extends Classification {
  readonly statuses?: readonly number[];
  /** AADSTS numbers. */
  readonly codes?: readonly number[];
  /** The `error` member of the OAuth 2 error body, or the `code` of a registry's. */
  readonly errors?: readonly string[];
  /** Part of the description, lower case: the last resort, where nothing else tells two apart. */
  readonly saying?: string;
}

/** Somebody must change a name, an ID or an assignment in Azure. */
export const user = (reason: string, remedy: string): Classification => ({
  class: "permanent-user-error",
  reason,
  remedy,
});
/** As `user`, where what must change is the binding, an annotation or the operator's own settings. */
export const local = (reason: string, remedy: string): Classification => ({
  ...user(reason, remedy),
  healsInCluster: true,
});
export const denied = (reason: string, remedy: string): Classification => ({
  class: "auth-denied",
  reason,
  remedy,
});
export const transient = (reason: string, remedy: string): Classification => ({
  class: "transient",
  reason,
  remedy,
});
export const throttled = (remedy: string): Classification => ({
  class: "throttled",
  reason: "Throttled",
  remedy,
});

/** The remedy where there is nothing to do. */
export const RETRY = "The operator tries again by itself.";

/** What an audience that nobody knows calls for. */
export const CORRECT_AUDIENCE =
  "Correct the audience (ARM_RESOURCE, --acr-audience, cloudConfig), or the cloud of the binding.";

/** What an audience calls for whose service principal somebody or a lapsed subscription disabled. */
export const ENABLE_AUDIENCE =
  "Have the tenant's administrator enable the service principal of the audience, or correct the audience or the cloud of the binding.";
