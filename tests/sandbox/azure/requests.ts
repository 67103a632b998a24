import { createClock } from "@sinonjs/fake-timers";
import type { Clock } from "../../../src/runtime/time/clock.ts";
import { FakeAzure } from "./azure.ts";
import { encodeJwt } from "./jwt.ts";
import type { FakeAzureOptions } from "./options.ts";

/** The identity, tenant and registry of the tests. */
export const CLIENT_ID = "1b461305-28be-5271-beda-bd9fd2e24251";
export const RESOURCE_ID = "/subscriptions/712288dc-f816-4242-b73f-a0a87265dcc8/resourceGroups/rg" +
  "/providers/Microsoft.ManagedIdentity/userAssignedIdentities/puller";
export const TENANT_ID = "72f988bf-86f1-41af-91ab-2d7cd011db47";
export const REGISTRY = "bench.azurecr.io";
export const ARM = "https://management.azure.com/";
export const ARM_SCOPE = "https://management.core.windows.net//.default";
export const SUBJECT = "system:serviceaccount:team-a:default";
export const AUDIENCE = "api://AzureCRTokenExchange";
/** 2026-06-01T00:00:00Z, where the tests' clock starts. */
export const START_MS = Date.UTC(2026, 5, 1);

/** Form or query fields: a list repeats the field, undefined leaves it out. */
export type Fields = Readonly<Record<string, string | readonly string[] | undefined>>;

/** A fake Azure on a clock that only `advance` moves. */
export interface Bench {
  readonly azure: FakeAzure;
  readonly clock: Clock;
  readonly advance: (ms: number) => Promise<void>;
}

/** Sets a fake Azure up on a clock of its own. */
export function bench(options: Omit<FakeAzureOptions, "clock"> = {}): Bench {
  const timers = createClock(START_MS);
  const clock: Clock = {
    now: () => timers.now,
    after(delayMs, callback) {
      const id = timers.setTimeout(callback, delayMs);
      return () => timers.clearTimeout(id);
    },
  };
  const advance = async (ms: number) => void await timers.tickAsync(ms);
  return { azure: new FakeAzure({ clock, ...options }), clock, advance };
}

/** A sound request to IMDS, with `change` to its query. */
export function imdsRequest(change: Fields = {}, init: RequestInit = {}): Request {
  const query = encode({
    "api-version": "2018-02-01",
    resource: ARM,
    client_id: CLIENT_ID,
    ...change,
  });
  return new Request(`http://169.254.169.254/metadata/identity/oauth2/token?${query}`, {
    headers: { Metadata: "true" },
    ...init,
  });
}

/** A sound request to Entra, with `change` to its form. */
export function entraRequest(
  change: Fields = {},
  path = `login.microsoftonline.com/${TENANT_ID}`,
  init: RequestInit = {},
): Request {
  return post(`https://${path}/oauth2/v2.0/token`, {
    grant_type: "client_credentials",
    client_id: CLIENT_ID,
    client_assertion_type: "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
    client_assertion: assertion(),
    scope: ARM_SCOPE,
    ...change,
  }, init);
}

/** A sound request to a registry's exchange, with `change` to its form. */
export function exchangeRequest(
  accessToken: string,
  change: Fields = {},
  registry = REGISTRY,
  init: RequestInit = {},
): Request {
  return post(`https://${registry}/oauth2/exchange`, {
    grant_type: "access_token",
    service: serviceOf(registry),
    access_token: accessToken,
    ...change,
  }, init);
}

/** A sound request for an access token, with `change` to its form. */
export function tokenRequest(
  refreshToken: string,
  change: Fields = {},
  registry = REGISTRY,
  init: RequestInit = {},
): Request {
  return post(`https://${registry}/oauth2/token`, {
    grant_type: "refresh_token",
    service: serviceOf(registry),
    scope: "repository:app:pull",
    refresh_token: refreshToken,
    ...change,
  }, init);
}

/** The home registry of a regional endpoint, and any other registry itself. */
function serviceOf(registry: string): string {
  return registry.replace(".westeurope.geo.", ".");
}

/** A ServiceAccount's token as TokenRequest gives it, valid for an hour from `START_MS` on. */
export function assertion(change: Readonly<Record<string, unknown>> = {}): string {
  const now = START_MS / 1000;
  return encodeJwt({
    iss: "https://oidc.example.net/",
    sub: SUBJECT,
    aud: [AUDIENCE],
    iat: now,
    nbf: now,
    exp: now + 3600,
    ...change,
  });
}

/** An Entra token from IMDS. */
export async function identityToken(azure: FakeAzure, change: Fields = {}): Promise<string> {
  return await tokenOf(await azure.fetch(imdsRequest(change)), "access_token");
}

/** An ACR refresh token by way of IMDS. */
export async function refreshToken(azure: FakeAzure, registry = REGISTRY): Promise<string> {
  const request = exchangeRequest(await identityToken(azure), {}, registry);
  return await tokenOf(await azure.fetch(request), "refresh_token");
}

/** The token in an answer; an answer without one fails the test. */
export async function tokenOf(response: Response, field: string): Promise<string> {
  const body: Record<string, unknown> = await response.json();
  const token = body[field];
  if (typeof token === "string") return token;
  throw new Error(`HTTP ${response.status} without ${field}`);
}

function post(url: string, fields: Fields, init: RequestInit): Request {
  return new Request(url, { method: "POST", body: encode(fields), ...init });
}

function encode(fields: Fields): URLSearchParams {
  const encoded = new URLSearchParams();
  for (const [name, value] of Object.entries(fields)) {
    for (const one of value === undefined ? [] : [value].flat()) encoded.append(name, one);
  }
  return encoded;
}
