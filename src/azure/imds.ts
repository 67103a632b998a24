import { jsonOf, tokenOf } from "./answer.ts";
import { callAzure } from "./http.ts";
import type { AzureRequest, AzureTransport } from "./request.ts";
import type { Token } from "./token.ts";

/** The Instance Metadata Service, reached by link-local address from every Azure node. */
export const IMDS_BASE_URL = "http://169.254.169.254";

// A first assignment was seen to take over 6 s to connect; a shorter bound fails needlessly.
const TIMEOUT_MS = 15_000;

/** A user-assigned managed identity. The client ID wins where both are given. */
export interface ManagedIdentity {
  readonly clientId?: string;
  readonly resourceId?: string;
}

/**
 * Asks IMDS for a token of `identity` for `audience` (a bare resource, without `/.default`).
 * Protocol: how-to-use-vm-token.md of the Entra documentation.
 */
export async function tokenFromImds(
  transport: AzureTransport,
  baseUrl: string,
  identity: ManagedIdentity,
  audience: string,
  signal: AbortSignal,
): Promise<Token> {
  const url = new URL("/metadata/identity/oauth2/token", baseUrl);
  url.searchParams.set("api-version", "2018-02-01");
  url.searchParams.set("resource", audience);
  if (identity.clientId !== undefined) url.searchParams.set("client_id", identity.clientId);
  else if (identity.resourceId !== undefined) {
    url.searchParams.set("msi_res_id", identity.resourceId);
  }
  const request: AzureRequest = {
    endpoint: "imds",
    url,
    headers: { metadata: "true" },
    timeoutMs: TIMEOUT_MS,
    signal,
  };
  const json = jsonOf(request, await callAzure(transport, request));
  const token = tokenOf(request, json, "access_token");
  return { token, expiresAt: expiryOf(json, transport.clock.now()) };
}

/** Both members are strings of seconds by the documentation; numbers have been seen. */
function expiryOf(json: Record<string, unknown>, now: number): number {
  const on = Number(json.expires_on);
  if (Number.isFinite(on) && on > 0) return on * 1000;
  const within = Number(json.expires_in);
  // Without either, the token serves this once and is not kept.
  return Number.isFinite(within) && within > 0 ? now + within * 1000 : now;
}
