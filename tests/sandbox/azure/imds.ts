import { type Answer, type Inspection, json, recorded } from "./endpoint.ts";
import { ACR_AUDIENCE, type CloudDirectory } from "./clouds.ts";
import { isGuid, isIdentityResourceId } from "./identifiers.ts";
import type { TokenIssuer } from "./issuer.ts";
import type { Settings } from "./options.ts";

/** The path of the identity endpoint below IMDS's base URL. */
export const IMDS_PATH = "/metadata/identity/oauth2/token";

const API_VERSION = "2018-02-01";
const PARAMETERS = ["api-version", "resource", "client_id", "object_id", "msi_res_id"];
const SELECTORS: Readonly<Record<string, (value: string) => boolean>> = {
  client_id: isGuid,
  object_id: isGuid,
  msi_res_id: isIdentityResourceId,
};
/** Where the node's identities live: IMDS names no tenant. */
const HOME_TENANT = "72f988bf-86f1-41af-91ab-2d7cd011db47";

/** A fault, and what IMDS says to it. */
interface Complaint {
  readonly fault: string;
  readonly answer: Answer;
}

/** IMDS's identity endpoint, as entra-docs `how-to-use-vm-token.md` describes it. */
export class ImdsEndpoint {
  readonly #settings: Settings;
  readonly #clouds: CloudDirectory;
  readonly #issuer: TokenIssuer;

  constructor(settings: Settings, clouds: CloudDirectory, issuer: TokenIssuer) {
    this.#settings = settings;
    this.#clouds = clouds;
    this.#issuer = issuer;
  }

  inspect(request: Request, url: URL): Inspection {
    const complaints = [...requestComplaints(request), ...queryComplaints(url.searchParams)];
    const audience = url.searchParams.get("resource") ?? "";
    const who = selected(url.searchParams)?.value ?? this.#settings.systemAssigned;
    return {
      details: { audience, ...(who === undefined ? {} : { who }) },
      faults: complaints.map(({ fault }) => fault),
      answer: () =>
        complaints[0]?.answer ?? this.#refusal(who, audience) ??
          this.#grant(who!, audience),
    };
  }

  #refusal(who: string | undefined, audience: string): Answer | undefined {
    if (who === undefined) return recorded("imds-ambiguous");
    if (!this.#settings.isIdentity(who) && who !== this.#settings.systemAssigned) {
      return recorded("imds-not-found");
    }
    const known = audience === ACR_AUDIENCE
      ? this.#settings.knowsAcrAudience("IMDS")
      : this.#clouds.isArmAudience(audience);
    return known ? undefined : recorded("imds-bad-resource");
  }

  #grant(who: string, audience: string): Answer {
    const lifetimeMs = this.#settings.tokenLifetimeMs.imds;
    const seconds = Math.floor(this.#settings.clock.now() / 1000);
    const token = this.#issuer.issue(
      { kind: "identity", who, arm: audience, audience },
      lifetimeMs,
      { aud: audience, iss: `https://sts.windows.net/${HOME_TENANT}/`, tid: HOME_TENANT, sub: who },
    );
    const lifetime = Math.floor(lifetimeMs / 1000);
    return json(
      200,
      {
        access_token: token,
        client_id: isGuid(who) ? who : "",
        expires_in: String(lifetime),
        expires_on: String(Math.floor((this.#settings.clock.now() + lifetimeMs) / 1000)),
        ext_expires_in: String(lifetime),
        not_before: String(seconds),
        refresh_token: "",
        resource: audience,
        token_type: "Bearer",
      },
      token,
      { Server: "IMDS/150.870.65.512" },
    );
  }
}

function requestComplaints(request: Request): Complaint[] {
  const complaints: Complaint[] = [];
  if (request.method !== "GET") {
    complaints.push({
      fault: `method ${request.method} instead of GET`,
      answer: json(405, { error: "method_not_allowed" }),
    });
  }
  if (request.headers.get("metadata") !== "true") {
    complaints.push({
      fault: "header Metadata: true is missing",
      answer: recorded("imds-no-header"),
    });
  }
  if (request.headers.has("x-forwarded-for")) {
    complaints.push(invalid("header X-Forwarded-For shows a proxy"));
  }
  return complaints;
}

function queryComplaints(query: URLSearchParams): Complaint[] {
  const names = [...query.keys()];
  const twice = new Set(names.filter((name, index) => names.indexOf(name) !== index));
  const unknown = names.filter((name) => !PARAMETERS.includes(name));
  return [
    ...[...twice].map((name) => invalid(`query parameter ${name} is given twice`)),
    ...unknown.map((name) => invalid(`unknown query parameter ${name}`)),
    ...versionComplaints(query.get("api-version")),
    ...resourceComplaints(query.get("resource")),
    ...selectorComplaints(query),
  ];
}

function versionComplaints(version: string | null): Complaint[] {
  if (version === API_VERSION) return [];
  if (version !== null) return [invalid(`api-version is not ${API_VERSION}`)];
  const error = "Bad request. api-version was not specified in the request";
  return [{
    fault: "query parameter api-version is missing",
    answer: json(400, {
      error,
      "newest-versions": ["2020-10-01", "2020-09-01", "2020-07-15"],
    }),
  }];
}

function resourceComplaints(resource: string | null): Complaint[] {
  if (resource === null || resource === "") return [invalid("query parameter resource is missing")];
  if (!resource.endsWith("/.default")) return [];
  return [{
    fault: "query parameter resource ends in /.default",
    answer: recorded("imds-bad-resource"),
  }];
}

function selectorComplaints(query: URLSearchParams): Complaint[] {
  const given = Object.keys(SELECTORS).filter((name) => query.has(name));
  if (given.length > 1) return [invalid(`${given.join(" and ")} are given together`)];
  const chosen = selected(query);
  if (chosen === undefined || SELECTORS[chosen.name]!(chosen.value)) return [];
  return [{
    fault: `query parameter ${chosen.name} is malformed`,
    answer: recorded("imds-not-found"),
  }];
}

function selected(query: URLSearchParams): { name: string; value: string } | undefined {
  for (const name of Object.keys(SELECTORS)) {
    const value = query.get(name);
    if (value !== null) return { name, value };
  }
  return undefined;
}

function invalid(fault: string): Complaint {
  return { fault, answer: json(400, { error: "invalid_request", error_description: fault }) };
}
