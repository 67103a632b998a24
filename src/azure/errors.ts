import { maskSecrets } from "../runtime/masking/mask.ts";
import { oneLine } from "../runtime/text/one_line.ts";

/** The Azure services that the operator calls. */
export type AzureEndpoint = "imds" | "entra" | "exchange" | "token";

/** Where the way to a credential can fail: at Azure, or at the API server that mints assertions. */
export type CredentialStep = AzureEndpoint | "tokenrequest";

/**
 * What a failure calls for:
 * - `permanent-user-error`: somebody must change a name, an ID or an assignment
 * - `auth-denied`: the identity lacks a right on the registry, or the network refuses
 * - `throttled`: too many requests
 * - `transient`: the service's own trouble
 */
export type FailureClass = "permanent-user-error" | "auth-denied" | "throttled" | "transient";

/** Everything known of one failed call to Azure. */
export interface AzureFailure {
  readonly endpoint: CredentialStep;
  /** Who was asked, as a person knows it: `IMDS`, or the host name. */
  readonly host: string;
  readonly class: FailureClass;
  /** One CamelCase word for conditions and Events. */
  readonly reason: string;
  /** What went wrong, without closing full stop. Never holds a token. */
  readonly problem: string;
  /** What to do about it, as a sentence. */
  readonly remedy: string;
  /** Only a change in the cluster or of the operator's settings can heal it. */
  readonly healsInCluster?: true;
  /** HTTP status, absent where no answer came. */
  readonly status?: number;
  /** Milliseconds that the service asked to wait. */
  readonly retryAfterMs?: number;
  /** The service's own name for the request. Changes with each call, so only logs carry it. */
  readonly requestId?: string;
}

/**
 * A call to Azure that did not give a usable answer. The message is one sentence of problem and
 * one of remedy, on one line, and is the same for the same failure, so that a status that shows it
 * settles.
 */
export class AzureError extends Error {
  override readonly name = "AzureError";
  readonly failure: AzureFailure;

  constructor(failure: AzureFailure, options?: ErrorOptions) {
    const problem = oneLine(maskSecrets(failure.problem));
    super(`${problem}. ${failure.remedy}`, options);
    this.failure = failure;
  }
}
