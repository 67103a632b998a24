import { optional } from "../../runtime/optional.ts";
import type { FederatedIdentity } from "../../azure/credential_request.ts";
import { quote } from "../../runtime/text/quote.ts";
import { AzureError, type AzureFailure } from "../../azure/errors.ts";
import { payloadOf } from "../../azure/jwt.ts";
import { ApiError, isNamespaceTerminating } from "../../kubernetes/http/errors.ts";
import type { ServiceAccountClient } from "../../kubernetes/resources/built_in.ts";
import { asObject } from "../../runtime/as_object.ts";
import type { Redacted } from "../../runtime/masking/redacted.ts";

/**
 * How long a minted token lives, in seconds. Entra is shown it at once; the hour is what its clock
 * may be ahead of the API server's, and the most that the admission policy lets the operator have.
 */
const LIFETIME_S = 3600;

type Verdict = Pick<AzureFailure, "class" | "reason" | "remedy">;

/** Failures of a TokenRequest by HTTP status, which also proxies and webhooks keep to. */
const VERDICTS: Readonly<Record<number, Verdict>> = {
  403: {
    class: "auth-denied",
    reason: "TokenRequestForbidden",
    remedy: "Grant the operator create on serviceaccounts/token, and check admission policies.",
  },
  404: {
    class: "permanent-user-error",
    reason: "ServiceAccountNotFound",
    remedy: "Create the service account, or correct the name in the binding.",
  },
  422: {
    class: "permanent-user-error",
    reason: "TokenRequestInvalid",
    remedy: "Correct --service-account-token-audience.",
  },
  429: {
    class: "throttled",
    reason: "Throttled",
    remedy: "The API server is overloaded; the operator waits.",
  },
};

const TRANSIENT: Verdict = {
  class: "transient",
  reason: "TokenRequestFailed",
  remedy: "The operator tries again by itself.",
};

const DENIED: Pick<Verdict, "reason" | "remedy"> = {
  reason: "PolicyDenied",
  remedy: "Do what it asks for, or have it let the operator create serviceaccounts/token.",
};

/**
 * Mints tokens of ServiceAccounts for `audience`, by which Entra knows them. Rejects with an
 * AzureError of endpoint `tokenrequest`, but in a namespace that is being deleted with the ApiError
 * that says so. Protocol: TokenRequest, authentication.k8s.io/v1.
 */
export function serviceAccountTokens(
  client: Pick<ServiceAccountClient, "requestToken">,
  audience: string,
): (account: FederatedIdentity["serviceAccount"], signal: AbortSignal) => Promise<Redacted> {
  return async ({ namespace, name, uid }, signal) => {
    try {
      const options = { audiences: [audience], expirationSeconds: LIFETIME_S, uid, signal };
      const { token } = await client.requestToken(namespace, name, options);
      assertOfAccount(token, uid);
      return token;
    } catch (error) {
      if (signal.aborted) throw signal.reason;
      if (isNamespaceTerminating(error)) throw error;
      throw tokenRequestError(name, ApiError.from(error));
    }
  };
}

/** Where the server did not compare the UID, the token tells it (claim `kubernetes.io`). */
function assertOfAccount(token: Redacted, uid: string): void {
  const account = asObject(asObject(payloadOf(token)?.["kubernetes.io"])?.serviceaccount);
  const isAnothers = typeof account?.uid === "string" && account.uid !== uid;
  if (isAnothers) throw new Error("it was made anew meanwhile, under another UID");
}

function tokenRequestError(serviceAccount: string, error: ApiError): AzureError {
  return new AzureError({
    endpoint: "tokenrequest",
    host: "the API server",
    ...verdictOn(error),
    status: error.code,
    problem: `A token of service account ${quote(serviceAccount)} could not be had ` +
      `(${error.denial?.message ?? error.message})`,
    ...optional("retryAfterMs", error.retryAfterMs),
  }, { cause: error });
}

function verdictOn({ code, denial, retryable }: ApiError): Verdict {
  if (denial === undefined) return VERDICTS[code] ?? TRANSIENT;
  return { class: retryable ? "transient" : "auth-denied", ...DENIED };
}
