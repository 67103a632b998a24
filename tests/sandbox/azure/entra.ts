import { type Answer, type Inspection, json, recorded } from "./endpoint.ts";
import type { CallDetails } from "./calls.ts";
import { ACR_AUDIENCE, type CloudDirectory } from "./clouds.ts";
import { type FieldRule, readForm } from "./form.ts";
import { isGuid, isTenantName } from "./identifiers.ts";
import type { TokenIssuer } from "./issuer.ts";
import { type Claims, decodeJwt } from "./jwt.ts";
import type { Settings } from "./options.ts";

/** The v2 token endpoint of any tenant; its first group is the tenant. */
export const ENTRA_PATH = /^\/([^/]+)\/oauth2\/v2\.0\/token$/;

const FIELDS: Readonly<Record<string, FieldRule>> = {
  grant_type: { value: "client_credentials" },
  client_id: {},
  client_assertion_type: { value: "urn:ietf:params:oauth:client-assertion-type:jwt-bearer" },
  client_assertion: {},
  scope: {},
};
/** Asked for by Microsoft's own libraries beside the resource, and without effect here. */
const OIDC_SCOPES = ["openid", "offline_access", "profile"];
const SUFFIX = "/.default";
/** Entra bears clocks that differ by this much. */
const SKEW_SECONDS = 300;

interface ClientRequest {
  readonly authority: string;
  readonly tenant: string;
  readonly clientId: string;
  readonly scope: string;
  readonly audience: string;
  readonly assertion: Claims | undefined;
}

/** Entra's token endpoint for client assertions: `v2-oauth2-client-creds-grant-flow.md`. */
export class EntraEndpoint {
  readonly #settings: Settings;
  readonly #clouds: CloudDirectory;
  readonly #issuer: TokenIssuer;

  constructor(settings: Settings, clouds: CloudDirectory, issuer: TokenIssuer) {
    this.#settings = settings;
    this.#clouds = clouds;
    this.#issuer = issuer;
  }

  async inspect(request: Request, url: URL): Promise<Inspection> {
    const form = await readForm(request, url, FIELDS);
    const asked = clientRequest(url, form.fields);
    const faults = [...form.faults, ...contentFaults(asked)];
    return {
      details: this.#details(asked),
      faults,
      answer: () => malformed(faults) ?? this.#refusal(asked) ?? this.#grant(asked),
    };
  }

  #details(asked: ClientRequest): CallDetails {
    return {
      who: this.#who(asked),
      tenant: asked.tenant,
      audience: asked.audience,
      scope: asked.scope,
    };
  }

  /** The identity as the recording shows it: tenant/client/subject/audience of the assertion. */
  #who({ tenant, clientId, assertion }: ClientRequest): string {
    const audience = this.#matchingAudience(assertion) ?? audiencesOf(assertion).join(",");
    return `${tenant}/${clientId}/${String(assertion?.sub ?? "")}/${audience}`;
  }

  #matchingAudience(assertion: Claims | undefined): string | undefined {
    return audiencesOf(assertion).find((audience) =>
      this.#settings.assertionAudiences.includes(audience)
    );
  }

  #refusal(asked: ClientRequest): Answer | undefined {
    const { isTenant, isApplication, isSubject, clock } = this.#settings;
    const assertion = asked.assertion ?? {};
    if (!isTenant(asked.tenant)) return recorded("entra-tenant-new");
    if (!isApplication(asked.clientId)) return recorded("entra-no-app");
    if (!isCurrent(assertion, clock.now() / 1000)) return recorded("entra-expired");
    if (this.#matchingAudience(assertion) === undefined) return refused(401, 700212);
    if (!isSubject(String(assertion.sub), asked.clientId)) {
      return notFederated(assertion, clock.now());
    }
    const known = asked.audience === ACR_AUDIENCE
      ? this.#settings.knowsAcrAudience(asked.tenant)
      : this.#clouds.isArmAudienceOf(asked.authority, asked.audience);
    return known ? undefined : recorded("entra-resource");
  }

  #grant(asked: ClientRequest): Answer {
    const lifetimeMs = this.#settings.tokenLifetimeMs.entra;
    const token = this.#issuer.issue(
      { kind: "identity", who: this.#who(asked), arm: asked.scope, audience: asked.audience },
      lifetimeMs,
      {
        aud: asked.audience,
        iss: `https://sts.windows.net/${asked.tenant}/`,
        tid: asked.tenant,
        appid: asked.clientId,
        sub: asked.clientId,
      },
    );
    const lifetime = Math.floor(lifetimeMs / 1000);
    return json(
      200,
      {
        token_type: "Bearer",
        expires_in: lifetime,
        ext_expires_in: lifetime,
        access_token: token,
      },
      token,
      { "x-ms-request-id": String(decodeJwt(token)?.jti) },
    );
  }
}

function clientRequest(url: URL, fields: URLSearchParams): ClientRequest {
  const scope = fields.get("scope") ?? "";
  const resource = scope.split(" ").find((part) => part.endsWith(SUFFIX)) ?? "";
  return {
    authority: url.host,
    tenant: decodeURIComponent(ENTRA_PATH.exec(url.pathname)?.[1] ?? ""),
    clientId: fields.get("client_id") ?? "",
    scope,
    audience: resource.slice(0, -SUFFIX.length),
    assertion: decodeJwt(fields.get("client_assertion") ?? ""),
  };
}

function contentFaults(asked: ClientRequest): string[] {
  const faults: string[] = [];
  if (!isTenantName(asked.tenant)) faults.push(`tenant ${asked.tenant} is neither GUID nor domain`);
  if (asked.clientId !== "" && !isGuid(asked.clientId)) faults.push("client_id is no GUID");
  const resources = asked.scope.split(" ").filter((part) => !OIDC_SCOPES.includes(part));
  if (asked.scope !== "" && (resources.length !== 1 || !resources[0]!.endsWith(SUFFIX))) {
    faults.push(`scope ${asked.scope} is not exactly one resource with ${SUFFIX}`);
  }
  if (asked.assertion === undefined) faults.push("client_assertion is no JWT");
  return faults;
}

function malformed(faults: readonly string[]): Answer | undefined {
  if (faults.length === 0) return undefined;
  const scope = faults.some((fault) => fault.startsWith("scope "));
  return scope ? refused(400, 70011, "invalid_scope") : refused(400, 900144, "invalid_request");
}

function refused(status: number, code: number, error = "invalid_client"): Answer {
  return json(status, { error, error_description: `AADSTS${code}`, error_codes: [code] });
}

const NO_CALL = "00000000-0000-0000-0000-000000000000";

/** Names the subject, and the call at the end, as in Azure/azure-workload-identity#1200. */
function notFederated({ sub }: Claims, now: number): Answer {
  const timestamp = `${new Date(now).toISOString().slice(0, 19).replace("T", " ")}Z`;
  const description = "AADSTS700213: No matching federated identity record found for presented " +
    `assertion subject '${String(sub)}'. Check your federated identity credential Subject, ` +
    "Audience and Issuer against the presented assertion. " +
    "https://learn.microsoft.com/entra/workload-id/workload-identity-federation " +
    `Trace ID: ${NO_CALL} Correlation ID: ${NO_CALL} Timestamp: ${timestamp}`;
  return json(401, {
    error: "invalid_client",
    error_description: description,
    error_codes: [700213],
  });
}

function audiencesOf(assertion: Claims | undefined): string[] {
  const audience = assertion?.aud;
  return (Array.isArray(audience) ? audience : [audience]).filter((value) =>
    typeof value === "string"
  );
}

function isCurrent({ exp, nbf }: Claims, now: number): boolean {
  return typeof exp === "number" && exp > now &&
    (nbf === undefined || (typeof nbf === "number" && nbf <= now + SKEW_SECONDS));
}
