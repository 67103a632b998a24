import { scopedToken } from "./acr.ts";
import type { Askers } from "./askers.ts";
import { type AudiencePolicy, Audiences } from "./audiences.ts";
import { AzureCalls, type AzureCallsOptions } from "./azure_calls.ts";
import type { Credential } from "./credential.ts";
import {
  credentialKey,
  type CredentialRequest,
  hostKey,
  refreshKey,
} from "./credential_request.ts";
import { EntraTokens, type EntraTokensOptions } from "./entra_tokens.ts";
import { askersOf, asking, type Need } from "./need.ts";
import { RefreshTokens } from "./refresh_tokens.ts";
import type { AllowedSuffixes } from "./registry.ts";
import { type RefreshToken, REFUSED_TOKEN_MS, TokenSharing } from "./token_sharing.ts";

export type { Credential } from "./credential.ts";
export type { Need } from "./need.ts";

/** What the credentials need from their surroundings. */
export interface CredentialsOptions extends AzureCallsOptions, EntraTokensOptions {
  readonly audiencePolicy: AudiencePolicy;
  /** Under which bindings may name registries. */
  readonly allowedServerSuffixes: AllowedSuffixes;
}

/** Mints registry credentials, each distinct one once. */
export class Credentials {
  readonly #options: CredentialsOptions;
  readonly #calls: AzureCalls;
  readonly #sharing: TokenSharing;
  readonly #refreshTokens: RefreshTokens;

  constructor(options: CredentialsOptions) {
    const { audiencePolicy, clock, signal, allowedServerSuffixes } = options;
    this.#options = options;
    this.#calls = new AzureCalls(options);
    this.#sharing = new TokenSharing(clock, signal);
    this.#refreshTokens = new RefreshTokens(
      new Audiences(audiencePolicy, clock, allowedServerSuffixes),
      new EntraTokens(options, this.#calls),
      this.#calls,
      this.#sharing,
    );
  }

  /**
   * A credential for `request`, minted now or up to 5 minutes ago for another that asked for the
   * same (10 seconds, for a federated identity), as far as that serves the `need`. Rejects with an
   * AzureError, with what `serviceAccountToken` rejects with, or with the abort reason; so it does
   * with a failure that another was told of a moment ago.
   */
  mint(request: CredentialRequest, need: Need = {}): Promise<Credential> {
    const { credentials } = this.#sharing.of(request.identity);
    const make = (askers: Askers) => this.#mint(request, need, askers);
    const askers = askersOf(need, this.#options.clock.now());
    return credentials.get(credentialKey(request), make, asking(need, askers));
  }

  /** How many tokens and failures are held in memory, those under way included. */
  get held(): number {
    return this.#sharing.held;
  }

  async #mint(request: CredentialRequest, need: Need, askers: Askers): Promise<Credential> {
    const refresh = await this.#refreshToken(request, need, askers);
    const { token: password, mintedAt, expiresAt } = refresh;
    if (request.scope === "") return { password, mintedAt, expiresAt };
    const { server, scope } = request;
    const access = await this.#calls.toHost(
      hostKey(request),
      askers,
      (transport, signal) => scopedToken(transport, server, scope, refresh.token, signal),
    );
    const credential = {
      password: access.token,
      mintedAt: this.#options.clock.now(),
      expiresAt: access.expiresAt,
    };
    if (access.lacking.length === 0) return credential;
    // Rights that are granted later are those of a new refresh token.
    const shared = this.#sharing.of(request.identity).refresh;
    shared.doubt(refreshKey(request), refresh, REFUSED_TOKEN_MS);
    return { ...credential, lacking: access.lacking };
  }

  #refreshToken(request: CredentialRequest, need: Need, askers: Askers): Promise<RefreshToken> {
    const { refresh } = this.#sharing.of(request.identity);
    const make = async (all: Askers) => {
      const token = await this.#refreshTokens.ask(request, need, all);
      return { ...token, mintedAt: this.#options.clock.now() };
    };
    return refresh.get(refreshKey(request), make, asking(need, askers));
  }
}
