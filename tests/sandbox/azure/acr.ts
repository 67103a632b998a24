import { type Answer, type Inspection, json, recorded } from "./endpoint.ts";
import { ACR_AUDIENCE, type CloudDirectory } from "./clouds.ts";
import { type FieldRule, readForm } from "./form.ts";
import { isTenantName } from "./identifiers.ts";
import type { Grant, TokenIssuer } from "./issuer.ts";
import { type Claims, decodeJwt } from "./jwt.ts";
import type { Settings } from "./options.ts";

/** Where a registry turns an Entra token into a refresh token. */
export const EXCHANGE_PATH = "/oauth2/exchange";
/** Where a registry turns a refresh token into an access token. */
export const TOKEN_PATH = "/oauth2/token";

const API_VERSION = "2021-07-01";
const SCOPE =
  /^(repository|registry):([^:\s]+):((?:pull|push|delete|metadata_read|metadata_write|\*)(?:,(?:pull|push|delete|metadata_read|metadata_write|\*))*)$/;

/** The actions of one scope that are granted, of those that were asked for. */
interface AccessEntry {
  readonly type: string;
  readonly name: string;
  readonly actions: readonly string[];
}

/** A registry's token service: Azure/acr `docs/AAD-OAuth.md`, azure-rest-api-specs. */
export class AcrEndpoint {
  readonly #settings: Settings;
  readonly #clouds: CloudDirectory;
  readonly #issuer: TokenIssuer;

  constructor(settings: Settings, clouds: CloudDirectory, issuer: TokenIssuer) {
    this.#settings = settings;
    this.#clouds = clouds;
    this.#issuer = issuer;
  }

  /** Entra token to refresh token. */
  async inspectExchange(request: Request, url: URL): Promise<Inspection> {
    const rules: Record<string, FieldRule> = {
      grant_type: { value: "access_token" },
      service: { value: homeOf(url.host) },
      access_token: {},
      tenant: { optional: true },
    };
    const form = await readForm(request, url, rules);
    const tenant = form.fields.get("tenant");
    const faults = [
      ...form.faults,
      ...versionFaults(url),
      ...(tenant === null || isTenantName(tenant) ? [] : ["tenant is neither GUID nor domain"]),
    ];
    const grant = this.#issuer.redeem(form.fields.get("access_token") ?? "");
    return {
      details: details(url.host, grant),
      faults,
      answer: () =>
        malformed(request, faults) ?? this.#exchangeRefusal(url.host, grant) ??
          this.#refreshToken(url.host, grant!, tenant),
    };
  }

  /** Refresh token to access token. */
  async inspectToken(request: Request, url: URL): Promise<Inspection> {
    const rules: Record<string, FieldRule> = {
      grant_type: { value: "refresh_token" },
      service: { value: homeOf(url.host) },
      scope: { repeatable: true },
      refresh_token: {},
    };
    const form = await readForm(request, url, rules);
    const scopes = form.fields.getAll("scope").flatMap((field) => field.split(" "));
    const faults = [...form.faults, ...versionFaults(url)];
    const grant = this.#issuer.redeem(form.fields.get("refresh_token") ?? "");
    return {
      details: { ...details(url.host, grant), scope: scopes.join(" ") },
      faults,
      answer: () =>
        malformed(request, faults) ?? badScope(scopes) ??
          this.#tokenRefusal(url.host, grant, scopes) ??
          this.#accessToken(url.host, grant!, scopes),
    };
  }

  #exchangeRefusal(registry: string, grant: Grant | undefined): Answer | undefined {
    const rules = this.#settings.registryRules.get(registry);
    if (grant?.kind !== "identity") return recorded("acr-401");
    const byArm = this.#clouds.isArmAudience(grant.audience);
    if (!byArm && grant.audience !== ACR_AUDIENCE) return recorded("acr-401");
    const refused = byArm ? rules?.refuseArmAudience : rules?.refuseAcrAudience;
    if (refused) return recorded("acr-401");
    return rules?.admits?.(grant.who) === false ? recorded("acr-401") : undefined;
  }

  #tokenRefusal(
    registry: string,
    grant: Grant | undefined,
    scopes: readonly string[],
  ): Answer | undefined {
    const rules = this.#settings.registryRules.get(registry);
    if (grant?.kind !== "refresh" || grant.registry !== homeOf(registry)) {
      return recorded("acr-401");
    }
    if (rules?.admits?.(grant.who) === false) return recorded("acr-401");
    const wild = scopes.some((scope) => scope.startsWith("repository:") && scope.includes("*"));
    return rules?.abac && wild ? recorded("acr-abac-wildcard") : undefined;
  }

  #refreshToken(registry: string, grant: Grant, tenant: string | null): Answer {
    const token = this.#issuer.issue(
      { ...grant, kind: "refresh", registry: homeOf(registry) },
      this.#settings.tokenLifetimeMs.refresh,
      {
        ...this.#commonClaims("refresh", registry, grant),
        ...(tenant === null ? {} : { tenant }),
        grant_type: "refresh_token",
        permissions: { actions: ["read"], notActions: [] },
        roles: [],
      },
    );
    return json(200, { refresh_token: token }, token, correlation(token));
  }

  #accessToken(registry: string, grant: Grant, scopes: readonly string[]): Answer {
    const token = this.#issuer.issue(
      { ...grant, kind: "access", registry: homeOf(registry) },
      this.#settings.tokenLifetimeMs.access,
      {
        ...this.#commonClaims("access", registry, grant),
        scope: scopes.join(" "),
        grant_type: "access_token",
        ...this.#accessClaim(registry, grant, scopes),
      },
    );
    return json(200, { access_token: token }, token, correlation(token));
  }

  /** What was not granted is left out, and so is a scope of which nothing was. */
  #accessClaim(registry: string, { who }: Grant, scopes: readonly string[]): Claims {
    const { tellsAccess = true, grants } = this.#settings.registryRules.get(registry) ?? {};
    if (!tellsAccess) return {};
    const access = scopes.map(accessEntry)
      .map(({ type, name, actions }) => ({
        type,
        name,
        actions: actions.filter((action) => grants?.(who, `${type}:${name}:${action}`) ?? true),
      }))
      .filter(({ actions }) => actions.length > 0);
    return { access };
  }

  /** The service's own claims, and those by which a recorded state tells tokens apart. */
  #commonClaims(kind: "refresh" | "access", registry: string, grant: Grant): Claims {
    return {
      iss: "Azure Container Registry",
      aud: this.#settings.registryRules.get(registry)?.audience ?? homeOf(registry),
      version: "1.0",
      sub: grant.who,
      kind,
      who: grant.who,
      arm: grant.arm,
    };
  }
}

/** The registry behind an endpoint: a regional one, NAME.REGION.geo.SUFFIX, is NAME.SUFFIX. */
function homeOf(host: string): string {
  return host.replace(/^([^.]+)\.[^.]+\.geo\./, "$1.");
}

function accessEntry(scope: string): AccessEntry {
  const [, type, name, actions] = SCOPE.exec(scope)!;
  return { type: type!, name: name!, actions: actions!.split(",") };
}

function details(registry: string, grant: Grant | undefined) {
  return { registry, ...(grant === undefined ? {} : { who: grant.who, audience: grant.audience }) };
}

function versionFaults(url: URL): string[] {
  const versions = url.searchParams.getAll("api-version");
  if (versions.length === 0 || (versions.length === 1 && versions[0] === API_VERSION)) return [];
  return [`api-version is not ${API_VERSION}`];
}

/** A scope comes from a binding as its author wrote it, so a bad one is not the client's mistake. */
function badScope(scopes: readonly string[]): Answer | undefined {
  return badRequest(
    scopes.filter((scope) => !SCOPE.test(scope)).map((scope) => `scope ${scope} is malformed`),
  );
}

/** GET finds no such page; what else is malformed is a bad request. */
function malformed(request: Request, faults: readonly string[]): Answer | undefined {
  if (request.method === "GET") return recorded("acr-404");
  return badRequest(faults);
}

function badRequest(faults: readonly string[]): Answer | undefined {
  if (faults.length === 0) return undefined;
  return json(400, { errors: faults.map((message) => ({ code: "UNSUPPORTED", message })) });
}

function correlation(token: string): Record<string, string> {
  return { "X-Ms-Correlation-Request-Id": String(decodeJwt(token)?.jti) };
}
