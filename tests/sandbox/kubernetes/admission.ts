import { ApiError } from "./model/errors.ts";
import type { KubeObject } from "./model/object.ts";

/** A write on its way into storage, as admission sees it. */
export interface AdmissionReview {
  readonly operation: "CREATE" | "UPDATE" | "DELETE";
  /** The plural. */
  readonly resource: string;
  readonly subresource: string;
  /** The field manager, else what the User-Agent makes it. */
  readonly manager: string;
  readonly dryRun: boolean;
  /** What is to be stored. Mutation changes it in place; there is none for a delete. */
  readonly object?: KubeObject;
  /** What is stored; there is none for a create. */
  readonly oldObject?: KubeObject;
}

/** What a review says of the request itself. */
export function reviewed(
  operation: AdmissionReview["operation"],
  resource: string,
  { dryRun, manager }: { readonly dryRun: boolean; readonly manager: string },
  subresource = "",
): AdmissionReview {
  return { operation, resource, subresource, manager, dryRun };
}

/**
 * What webhooks and policies do: change what is written, then refuse it by throwing an ApiError. As
 * in kube-apiserver, `managedFields` are those of the request before mutation. So they show neither
 * what it takes away nor who did. Refusal comes after the server's own validation, and before it
 * looks whether the name is taken.
 */
export interface Admission {
  readonly mutate?: (review: AdmissionReview) => void;
  readonly validate?: (review: AdmissionReview) => void;
}

/**
 * The same as a webhook of that name does it: what it refuses is told in its own words, whatever code
 * and reason it gives, after those that kube-apiserver puts before them (ToStatusErr in apiserver's
 * pkg/admission/plugin/webhook/errors).
 */
export function asWebhook(name: string, { mutate, validate }: Admission): Admission {
  return {
    ...(mutate === undefined ? {} : { mutate: (review) => denied(name, () => mutate(review)) }),
    ...(validate === undefined
      ? {}
      : { validate: (review) => denied(name, () => validate(review)) }),
  };
}

function denied(name: string, decide: () => void): void {
  try {
    decide();
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    const { code, reason = "", message, details } = error.status;
    const told = `admission webhook "${name}" denied the request: ${message}`;
    throw new ApiError(code, reason, told, details);
  }
}
