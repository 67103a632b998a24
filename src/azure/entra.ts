import type { Redacted } from "../runtime/masking/redacted.ts";
import { jsonOf, tokenOf } from "./answer.ts";
import { callAzure } from "./http.ts";
import type { AzureRequest, AzureTransport } from "./request.ts";
import type { Token } from "./token.ts";

const TIMEOUT_MS = 30_000;

/** An application or identity that is federated with a Kubernetes ServiceAccount. */
export interface FederatedClient {
  /** Host of Entra in the identity's cloud. */
  readonly authorityHost: string;
  readonly tenantId: string;
  readonly clientId: string;
}

/**
 * Exchanges a ServiceAccount's token for an Entra token with `audience`.
 * Protocol: v2-oauth2-client-creds-grant-flow.md of the Entra documentation, third case.
 */
export async function tokenFromEntra(
  transport: AzureTransport,
  client: FederatedClient,
  assertion: Redacted,
  audience: string,
  signal: AbortSignal,
): Promise<Token> {
  const request: AzureRequest = {
    endpoint: "entra",
    url: new URL(
      `https://${client.authorityHost}/${encodeURIComponent(client.tenantId)}/oauth2/v2.0/token`,
    ),
    form: new URLSearchParams({
      grant_type: "client_credentials",
      client_id: client.clientId,
      client_assertion_type: "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
      client_assertion: assertion.reveal(),
      // A slash at the audience's end belongs to it, so that two stand before .default.
      scope: `${audience}/.default`,
    }),
    timeoutMs: TIMEOUT_MS,
    signal,
  };
  const json = jsonOf(request, await callAzure(transport, request));
  const within = Number(json.expires_in);
  const lifetime = Number.isFinite(within) && within > 0 ? within * 1000 : 0;
  return {
    token: tokenOf(request, json, "access_token"),
    expiresAt: transport.clock.now() + lifetime,
  };
}
