import type { Redacted } from "../runtime/redacted.ts";
import { exchange, type RegistryToken, scopedToken } from "./acr.ts";
import { ACR_AUDIENCE } from "./clouds.ts";
import { type EntraToken, tokenFromEntra } from "./entra.ts";
import { AzureError } from "./errors.ts";
import type { AzureTransport } from "./http.ts";
import { type ManagedIdentity, tokenFromImds } from "./imds.ts";
import { HostLimiter, type HostLimits } from "./host_limiter.ts";
import { IMDS_LIMITS, Limiter } from "./limiter.ts";
import { registryHost } from "./registry.ts";
import { SharedResults } from "./shared_results.ts";

/** A ServiceAccount whose token Entra accepts, and the client that it stands for. */
export interface FederatedIdentity {
  readonly kind: "workloadIdentity";
  readonly authorityHost: string;
  readonly tenantId: string;
  readonly clientId: string;
  /** The UID keeps an account that was made anew from riding on its predecessor's token. */
  readonly serviceAccount: {
    readonly namespace: string;
    readonly name: string;
    readonly uid: string;
  };
}

/** A managed identity of the node. */
export interface NodeIdentity extends ManagedIdentity {
  readonly kind: "managedIdentity";
}

/** What makes two credentials the same. */
export interface CredentialRequest {
  readonly identity: NodeIdentity | FederatedIdentity;
  /** The cloud's audience for Azure Resource Manager. */
  readonly audience: string;
  /** Host name of the registry, in any case. */
  readonly server: string;
  /** Registry scope; empty for the refresh token, which has all the identity's rights. */
  readonly scope: string;
}

/** A password for a registry. */
export interface Credential {
  readonly password: Redacted;
  /** Milliseconds since the epoch. */
  readonly mintedAt: number;
  /** Milliseconds since the epoch. */
  readonly expiresAt: number;
}

/**
 * Which audience registries are offered: `auto` is the cloud's ARM audience, then the registry's
 * own where ARM tokens are refused; anything else is the one audience to use.
 */
export type AudiencePolicy =
  | { readonly kind: "auto" | "arm" | "acr" }
  | { readonly kind: "fixed"; readonly audience: string };

/** What the credentials need from their surroundings. */
export interface CredentialsOptions extends AzureTransport {
  /** Base URL of IMDS, or of what AZURE_POD_IDENTITY_AUTHORITY_HOST puts in its place. */
  readonly imdsBaseUrl: string;
  readonly audiencePolicy: AudiencePolicy;
  /** Mints a token of a ServiceAccount, for Entra. */
  readonly serviceAccountToken: (
    account: FederatedIdentity["serviceAccount"],
    signal: AbortSignal,
  ) => Promise<Redacted>;
  /** How many calls to Entra and registries may be under way. */
  readonly limits: HostLimits;
  /** Ends every call under way: one is shared by many, so no single asker may end it. */
  readonly signal: AbortSignal;
}

// Long enough that bindings of one credential, refreshed together, share it; short against the
// shortest life of a registry's token (75 minutes).
const LONGEST_SHARE_MS = 5 * 60_000;
const SHARED_PART_OF_LIFE = 0.05;
// Entra tokens of nodes are kept until this long before they expire, as the Azure SDKs do.
const ENTRA_MARGIN_MS = 5 * 60_000;

/** IMDS counts by the second. */
const IMDS_PAUSE_MS = 1000;

/** Mints registry credentials, each distinct one once. */
export class Credentials {
  readonly #options: CredentialsOptions;
  readonly #imdsLimiter: Limiter;
  readonly #httpsLimiter: HostLimiter;
  readonly #nodeTokens: SharedResults<EntraToken>;
  readonly #federatedTokens: SharedResults<EntraToken>;
  readonly #refreshTokens: SharedResults<RegistryToken & { mintedAt: number }>;
  readonly #credentials: SharedResults<Credential>;
  /** Registries that refused ARM tokens and took their own audience. */
  readonly #refusingArm = new Set<string>();

  constructor(options: CredentialsOptions) {
    const { clock, signal } = options;
    this.#options = options;
    this.#imdsLimiter = new Limiter(IMDS_LIMITS, clock);
    this.#httpsLimiter = new HostLimiter(options.limits, clock, signal);
    this.#nodeTokens = new SharedResults(
      clock,
      (token) => token.expiresAt - ENTRA_MARGIN_MS,
      signal,
    );
    this.#federatedTokens = new SharedResults(
      clock,
      (token) => Math.min(token.expiresAt - ENTRA_MARGIN_MS, clock.now() + LONGEST_SHARE_MS),
      signal,
    );
    this.#refreshTokens = new SharedResults<RegistryToken & { mintedAt: number }>(
      clock,
      shareUntil,
      signal,
    );
    this.#credentials = new SharedResults<Credential>(clock, shareUntil, signal);
  }

  /**
   * A credential for `request`, minted now or up to 5 minutes ago for another that asked for the
   * same, but after `newerThan` (milliseconds since the epoch): whoever refreshes one must not be
   * given the same again. Rejects with an AzureError, with what `serviceAccountToken` rejects with,
   * or with the abort reason.
   */
  mint(request: CredentialRequest, newerThan = -Infinity): Promise<Credential> {
    const key = credentialKey(request);
    const isNewer = ({ mintedAt }: { mintedAt: number }) => mintedAt > newerThan;
    return this.#credentials.get(key, async () => {
      const refresh = await this.#refreshToken(request, isNewer);
      if (request.scope === "") {
        return {
          password: refresh.token,
          mintedAt: refresh.mintedAt,
          expiresAt: refresh.expiresAt,
        };
      }
      const { server, scope } = request;
      const access = await this.#https(
        hostKey(request),
        (signal) => scopedToken(this.#options, server, scope, refresh.token, signal),
      );
      const mintedAt = this.#options.clock.now();
      return { password: access.token, mintedAt, expiresAt: access.expiresAt };
    }, isNewer);
  }

  #refreshToken(
    request: CredentialRequest,
    isNewer: (token: { mintedAt: number }) => boolean,
  ): Promise<RegistryToken & { mintedAt: number }> {
    const key = JSON.stringify([identityKey(request.identity), request.audience, hostKey(request)]);
    return this.#refreshTokens.get(key, async () => {
      const token = await this.#exchangeByPolicy(request);
      return { ...token, mintedAt: this.#options.clock.now() };
    }, isNewer);
  }

  async #exchangeByPolicy(request: CredentialRequest): Promise<RegistryToken> {
    const policy = this.#options.audiencePolicy;
    switch (policy.kind) {
      case "fixed":
        return await this.#exchangeFor(request, policy.audience);
      case "acr":
        return await this.#exchangeFor(request, ACR_AUDIENCE);
      case "arm":
        return await this.#exchangeFor(request, request.audience);
      case "auto":
        return await this.#exchangeForEither(request);
    }
  }

  /** A registry may refuse ARM tokens altogether, which looks like a missing role: 401. */
  async #exchangeForEither(request: CredentialRequest): Promise<RegistryToken> {
    const host = hostKey(request);
    if (this.#refusingArm.has(host)) return await this.#exchangeFor(request, ACR_AUDIENCE);
    try {
      return await this.#exchangeFor(request, request.audience);
    } catch (armError) {
      if (!isUnauthorized(armError)) throw armError;
      const token = await this.#exchangeFor(request, ACR_AUDIENCE).catch((error) => {
        // Where both are refused, the first answer is about the audience that everyone configures.
        throw isUnauthorized(error) ? armError : error;
      });
      this.#refusingArm.add(host);
      return token;
    }
  }

  async #exchangeFor(request: CredentialRequest, audience: string): Promise<RegistryToken> {
    const { identity, server } = request;
    const key = JSON.stringify([identityKey(identity), audience]);
    const shared = identity.kind === "managedIdentity" ? this.#nodeTokens : this.#federatedTokens;
    const entra = await shared.get(key, () => this.#entraToken(identity, audience));
    try {
      return await this.#https(
        hostKey(request),
        (signal) => exchange(this.#options, server, entra.token, signal),
      );
    } catch (error) {
      // Should the token be at fault, the next attempt must not start from it again.
      if (isUnauthorized(error)) shared.forget(key);
      throw error;
    }
  }

  #entraToken(
    identity: NodeIdentity | FederatedIdentity,
    audience: string,
  ): Promise<EntraToken> {
    return identity.kind === "managedIdentity"
      ? this.#fromImds(identity, audience)
      : this.#fromEntra(identity, audience);
  }

  #https<T>(host: string, call: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const { signal } = this.#options;
    return this.#httpsLimiter.run(host, () => call(signal));
  }

  #fromImds(identity: NodeIdentity, audience: string): Promise<EntraToken> {
    const { imdsBaseUrl, signal } = this.#options;
    return this.#imdsLimiter.run(signal, async () => {
      try {
        return await tokenFromImds(this.#options, imdsBaseUrl, identity, audience, signal);
      } catch (error) {
        if (error instanceof AzureError && error.failure.class === "throttled") {
          this.#imdsLimiter.pause(error.failure.retryAfterMs ?? IMDS_PAUSE_MS);
        }
        throw error;
      }
    });
  }

  async #fromEntra(identity: FederatedIdentity, audience: string): Promise<EntraToken> {
    const { serviceAccountToken } = this.#options;
    // Within the place, so that a thousand assertions are not held while they wait for one.
    return await this.#https(identity.authorityHost, async (signal) => {
      const assertion = await serviceAccountToken(identity.serviceAccount, signal);
      return await tokenFromEntra(this.#options, identity, assertion, audience, signal);
    });
  }
}

/** The same for two requests exactly if they ask for the same credential. */
export function credentialKey(request: CredentialRequest): string {
  const { identity, audience, scope } = request;
  return JSON.stringify([identityKey(identity), audience, hostKey(request), scope]);
}

function identityKey(identity: NodeIdentity | FederatedIdentity): readonly string[] {
  if (identity.kind === "managedIdentity") {
    // The client ID wins, so a resource ID beside it makes no other identity.
    return identity.clientId !== undefined
      ? ["client", identity.clientId.toLowerCase()]
      : ["resource", (identity.resourceId ?? "").toLowerCase()];
  }
  const { authorityHost, tenantId, clientId, serviceAccount } = identity;
  const { namespace, name, uid } = serviceAccount;
  return [authorityHost, tenantId.toLowerCase(), clientId.toLowerCase(), namespace, name, uid];
}

function hostKey(request: CredentialRequest): string {
  return registryHost(request.server);
}

function shareUntil(minted: { mintedAt: number; expiresAt: number }): number {
  const life = minted.expiresAt - minted.mintedAt;
  return minted.mintedAt + Math.min(LONGEST_SHARE_MS, life * SHARED_PART_OF_LIFE);
}

function isUnauthorized(error: unknown): boolean {
  return error instanceof AzureError && error.failure.status === 401 &&
    error.failure.endpoint === "exchange";
}
