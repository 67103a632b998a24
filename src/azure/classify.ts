import { optional } from "../runtime/optional.ts";
import { parseRetryAfter } from "../runtime/time/retry_after.ts";
import { start } from "../runtime/text/cut.ts";
import { maskSecrets } from "../runtime/masking/mask.ts";
import type { AzureEndpoint, AzureFailure } from "./errors.ts";
import { AzureError } from "./errors.ts";
import {
  type Classification,
  CORRECT_AUDIENCE,
  denied,
  ENABLE_AUDIENCE,
  local,
  RETRY,
  type Rule,
  throttled,
  transient,
  user,
} from "./classification.ts";
import { ENTRA } from "./entra_rules.ts";
import { type AzureRequest, type AzureResponse, hostOf } from "./request.ts";

/** The parts of an error body that the three services have in common. */
interface ErrorBody {
  readonly error?: string;
  readonly description?: string;
  readonly codes: readonly number[];
}

const AUDIENCE_AT_IMDS = local("AudienceUnknown", CORRECT_AUDIENCE);

// Sources: how-to-use-vm-token.md and instance-metadata-service.md of the Azure documentation.
const IMDS: readonly Rule[] = [
  {
    statuses: [400],
    saying: "identity not found",
    ...user(
      "IdentityNotFound",
      "Assign the managed identity to the node pool's scale set, or correct its client or resource ID.",
    ),
  },
  {
    statuses: [400],
    saying: "multiple user assigned identities",
    ...user("IdentityAmbiguous", "Set the client ID or the resource ID of one identity."),
  },
  {
    statuses: [400],
    saying: "metadata header",
    ...user(
      "HeaderStripped",
      "Remove the proxy that strips the Metadata header on the way to 169.254.169.254.",
    ),
  },
  { statuses: [400], codes: [500014], ...user("AudienceDisabled", ENABLE_AUDIENCE) },
  {
    statuses: [400],
    errors: ["invalid_resource"],
    ...AUDIENCE_AT_IMDS,
  },
  { statuses: [400], codes: [500011, 50001], ...AUDIENCE_AT_IMDS },
  { statuses: [400], ...user("IdentityRefused", "Check the client or resource ID.") },
  {
    statuses: [401],
    ...local("ImdsRequestRefused", "Check AZURE_POD_IDENTITY_AUTHORITY_HOST, if it is set."),
  },
  {
    statuses: [403],
    ...user(
      "ImdsForbidden",
      "Check that the operator runs on an Azure node, and that no proxy stands before 169.254.169.254.",
    ),
  },
  {
    statuses: [429],
    ...throttled(
      "Other pods of this node use up the limit of 20 requests a second; the operator waits.",
    ),
  },
  {
    statuses: [410],
    ...transient("ImdsUpdating", "The service is being updated, which takes 70 s at most."),
  },
  { statuses: [404, 408], ...transient("ImdsBusy", RETRY) },
];

// Sources: docs/AAD-OAuth.md of Azure/acr and the Container Registry documentation.
const REGISTRY: readonly Rule[] = [
  {
    statuses: [401],
    ...denied(
      "RegistryDenied",
      "Grant the identity AcrPull (Container Registry Repository Reader on a registry with ABAC) and name repositories, not wildcards, in the scope; a new grant takes up to 10 minutes.",
    ),
  },
  {
    statuses: [403],
    ...denied(
      "RegistryFirewall",
      "Allow the cluster's egress address in the registry's network rules, or use its private endpoint.",
    ),
  },
  { statuses: [404], ...user("RegistryNotFound", "Correct the registry's name.") },
  {
    statuses: [429],
    ...throttled("The registry's tier limits its requests; the operator waits."),
  },
];

// Of a request for an access token the registry itself issued the refresh token, and form, service
// and grant type are always the same: what it calls bad is the scope. At the exchange the identity's
// token and the registry's name are at issue, for which the remedy of what no rule knows is meant.
const TOKEN: readonly Rule[] = [
  {
    statuses: [400],
    ...local(
      "RegistryScopeRefused",
      "Correct the binding's scope: write repository:NAME:pull, and several separated by spaces.",
    ),
  },
  ...REGISTRY,
];

const RULES: Readonly<Record<AzureEndpoint, readonly Rule[]>> = {
  imds: IMDS,
  entra: ENTRA,
  exchange: REGISTRY,
  token: TOKEN,
};

/** A status is read on one screen. */
const LONGEST_SAID = 300;

/** Turns an answer that is no success into the error that says what it calls for. */
export function failureOf(request: AzureRequest, response: AzureResponse): AzureError {
  const body = parseErrorBody(response.body);
  const verdict = judge(request.endpoint, response.status, body);
  const host = hostOf(request.endpoint, request.url);
  const failure: AzureFailure = {
    endpoint: request.endpoint,
    host,
    status: response.status,
    problem: `${host} answered HTTP ${response.status}${said(body)}`,
    ...verdict,
    ...optional("retryAfterMs", retryAfterMs(response.headers)),
    ...optional("requestId", requestId(response.headers)),
  };
  return new AzureError(failure);
}

/** The verdict on a failed answer, by the first rule that matches. */
function judge(endpoint: AzureEndpoint, status: number, body: ErrorBody): Classification {
  const rule = RULES[endpoint].find((candidate) => matches(candidate, status, body));
  if (rule !== undefined) {
    return {
      class: rule.class,
      reason: rule.reason,
      remedy: rule.remedy,
      ...optional("healsInCluster", rule.healsInCluster),
    };
  }
  if (status >= 500 || status === 408) return transient("ServiceTrouble", RETRY);
  return user("Refused", "Check the binding's identity, registry and cloud.");
}

function matches(rule: Rule, status: number, body: ErrorBody): boolean {
  if (rule.statuses !== undefined && !rule.statuses.includes(status)) return false;
  if (rule.codes !== undefined && !rule.codes.some((code) => body.codes.includes(code))) {
    return false;
  }
  if (rule.errors !== undefined && !rule.errors.includes(body.error ?? "")) return false;
  if (rule.saying === undefined) return true;
  return (body.description ?? "").toLowerCase().includes(rule.saying);
}

function parseErrorBody(text: string): ErrorBody {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    // Proxies, node agents and front doors answer in plain text or HTML; the status must do.
    return { codes: [] };
  }
  if (typeof json !== "object" || json === null) return { codes: [] };
  const body = json as Record<string, unknown>;
  if (Array.isArray(body.errors)) return registryErrorBody(body.errors[0]);
  const description = stringOf(body.error_description);
  return {
    ...optional("error", stringOf(body.error)),
    ...optional("description", description),
    codes: codesOf(body.error_codes, description),
  };
}

function registryErrorBody(first: unknown): ErrorBody {
  const entry = (typeof first === "object" && first !== null ? first : {}) as Record<
    string,
    unknown
  >;
  return {
    ...optional("error", stringOf(entry.code)),
    ...optional("description", stringOf(entry.message)),
    codes: [],
  };
}

/** AADSTS numbers stand in `error_codes`; where it has none, as at IMDS, in Entra's text. */
function codesOf(listed: unknown, description: string | undefined): number[] {
  const numbers = Array.isArray(listed) ? listed.filter((code) => typeof code === "number") : [];
  if (numbers.length > 0) return numbers;
  const named = /AADSTS(\d+)/.exec(description ?? "")?.[1];
  return named === undefined ? [] : [Number(named)];
}

/** Entra and registries end their text with identifiers of the one call. */
const CALL_IDENTIFIERS = /(?:Trace|Correlation|Request) ?Id:|Timestamp:/i;
/** AADSTS700024 compares moments within its text. */
const MOMENT = /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[\d.]*Z?/g;

/** What the service said, without what changes from call to call. */
function said(body: ErrorBody): string {
  // Masked before it is cut, so that what follows a token is still told.
  const masked = maskSecrets(body.description ?? "");
  const end = masked.search(CALL_IDENTIFIERS);
  const description = (end < 0 ? masked : masked.slice(0, end))
    .replace(MOMENT, "(time)")
    .trim()
    .replace(/\.$/, "");
  const parts = [maskSecrets(body.error ?? ""), description].filter((part) => part !== "");
  return parts.length === 0
    ? ""
    : ` (${parts.map((part) => start(part, LONGEST_SAID)).join(": ")})`;
}

/**
 * Retry-After in milliseconds. The form with a date (RFC 9110, section 10.2.3) is measured against
 * the answer's own Date, so that the two clocks need not agree.
 */
function retryAfterMs(headers: Headers): number | undefined {
  return parseRetryAfter(headers.get("retry-after"), Date.parse(headers.get("date") ?? ""));
}

function requestId(headers: Headers): string | undefined {
  return headers.get("x-ms-request-id") ?? headers.get("x-ms-correlation-request-id") ?? undefined;
}

function stringOf(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}
