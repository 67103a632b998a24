import { exchange } from "./acr.ts";
import type { Askers } from "./askers.ts";
import { type Audiences, isAzureDenial } from "./audiences.ts";
import type { AzureCalls } from "./azure_calls.ts";
import { type CredentialRequest, entraKey, hostKey } from "./credential_request.ts";
import type { EntraTokens } from "./entra_tokens.ts";
import type { Need } from "./need.ts";
import type { Token } from "./token.ts";
import { REFUSED_TOKEN_MS, type TokenSharing } from "./token_sharing.ts";

/** Has registries give their refresh tokens for tokens of Entra, by the audience that will do. */
export class RefreshTokens {
  readonly #audiences: Audiences;
  readonly #entra: EntraTokens;
  readonly #calls: AzureCalls;
  readonly #sharing: TokenSharing;

  constructor(
    audiences: Audiences,
    entra: EntraTokens,
    calls: AzureCalls,
    sharing: TokenSharing,
  ) {
    this.#audiences = audiences;
    this.#entra = entra;
    this.#calls = calls;
    this.#sharing = sharing;
  }

  /** Rejects with an AzureError, with what an identity's own tokens fail with, or the abort reason. */
  ask(request: CredentialRequest, need: Need, askers: Askers): Promise<Token> {
    return this.#audiences.offer(
      request,
      (audience) => this.#exchange(request, audience, need, askers),
    );
  }

  async #exchange(
    request: CredentialRequest,
    audience: string,
    { failedAt = -Infinity }: Need,
    askers: Askers,
  ): Promise<Token> {
    const { identity, server } = request;
    const key = entraKey(identity, audience);
    const shared = this.#sharing.of(identity).entra;
    const make = (all: Askers) => this.#entra.ask(identity, audience, all);
    const entra = await shared.get(key, make, { askers, failedAt });
    try {
      return await this.#calls.toHost(
        hostKey(request),
        askers,
        (transport, signal) => exchange(transport, server, entra.token, signal),
      );
    } catch (error) {
      // Should the token be at fault, later attempts must not start from it again.
      if (isAzureDenial(error)) shared.doubt(key, entra, REFUSED_TOKEN_MS);
      throw error;
    }
  }
}
