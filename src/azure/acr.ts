import { optional } from "../runtime/optional.ts";
import type { Redacted } from "../runtime/masking/redacted.ts";
import { badAzureAnswer, jsonOf, tokenOf } from "./answer.ts";
import { notGranted } from "./granted.ts";
import { callAzure } from "./http.ts";
import type { AzureRequest, AzureTransport } from "./request.ts";
import { type JwtClaims, readClaims } from "./jwt.ts";
import type { Token } from "./token.ts";
import { homeRegistry, namesRegistry, registryHost } from "./registry.ts";

// cloud-provider-azure raised its bound from 10 s to 60 s after slow registries.
const TIMEOUT_MS = 60_000;

/**
 * In characters. A refresh token has some 2 KiB; one of 200 repositories with names of 60 characters,
 * each with its entry in the claim `access`, has 30 KiB.
 */
const LONGEST_TOKEN = 32 * 1024;

/** A token that a registry confined to a scope. */
export interface ScopedToken extends Token {
  /** What it lacks of the scope that was asked for. */
  readonly lacking: readonly string[];
}

/**
 * Exchanges an Entra token for the registry's refresh token, which is a password itself.
 * Protocol: docs/AAD-OAuth.md of Azure/acr, "POST /oauth2/exchange".
 */
export async function exchange(
  transport: AzureTransport,
  server: string,
  entraToken: Redacted,
  signal: AbortSignal,
): Promise<Token> {
  const form = new URLSearchParams({
    grant_type: "access_token",
    service: homeRegistry(server),
    access_token: entraToken.reveal(),
  });
  const request = toRequest("exchange", server, form, signal);
  const { token, expiresAt } = await ask(transport, request, "refresh_token");
  return { token, expiresAt };
}

/**
 * Exchanges a refresh token for an access token that is confined to `scope`.
 * Protocol: docs/AAD-OAuth.md of Azure/acr, "POST /oauth2/token".
 */
export async function scopedToken(
  transport: AzureTransport,
  server: string,
  scope: string,
  refreshToken: Redacted,
  signal: AbortSignal,
): Promise<ScopedToken> {
  const form = new URLSearchParams({
    grant_type: "refresh_token",
    service: homeRegistry(server),
    scope,
    refresh_token: refreshToken.reveal(),
  });
  const request = toRequest("token", server, form, signal);
  const { token, expiresAt, access } = await ask(transport, request, "access_token");
  // What nobody could compare is the registry's to judge, as what it does not tell.
  return { token, expiresAt, lacking: notGranted(scope, access) ?? [] };
}

function toRequest(
  endpoint: "exchange" | "token",
  server: string,
  form: URLSearchParams,
  signal: AbortSignal,
): AzureRequest {
  const url = new URL(`https://${registryHost(server)}/oauth2/${endpoint}`);
  return { endpoint, url, form, timeoutMs: TIMEOUT_MS, signal };
}

async function ask(
  transport: AzureTransport,
  request: AzureRequest,
  field: string,
): Promise<Token & Pick<JwtClaims, "access">> {
  const json = jsonOf(request, await callAzure(transport, request));
  const token = tokenOf(request, json, field);
  if (token.length > LONGEST_TOKEN) {
    throw badAzureAnswer(request, `holds a token of more than ${LONGEST_TOKEN / 1024} KiB`);
  }
  const claims = readClaims(token);
  if (claims === undefined) throw badAzureAnswer(request, "holds a token that is no JWT");
  const { aud, access } = claims;
  const { hostname } = request.url;
  // Whom the token is for is the registry's to judge, which may know itself by further names.
  if (aud !== undefined && !namesRegistry(aud, hostname)) {
    transport.onOtherAudience?.(hostname, aud);
  }
  const expiresAt = checkedExpiry(request, claims, transport.clock.now());
  return { token, expiresAt, ...optional("access", access) };
}

/** Neither answer tells an expiry; the JWT does. */
function checkedExpiry(request: AzureRequest, { exp }: JwtClaims, now: number): number {
  if (exp === undefined) throw badAzureAnswer(request, "holds a token without exp");
  if (exp * 1000 <= now) throw badAzureAnswer(request, "holds a token that has expired");
  return exp * 1000;
}
