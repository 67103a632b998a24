import type { Urgency } from "../runtime/fairness/fair_line.ts";
import type { Redacted } from "../runtime/masking/redacted.ts";
import { exchange, type RegistryToken, scopedToken } from "./acr.ts";
import { Askers } from "./askers.ts";
import { type AudiencePolicy, Audiences, isDenial } from "./audiences.ts";
import { AzureCalls, type AzureCallsOptions } from "./azure_calls.ts";
import {
  clientKey,
  credentialKey,
  type CredentialRequest,
  entraKey,
  type FederatedIdentity,
  hostKey,
  identityKey,
  type NodeIdentity,
  refreshKey,
} from "./credential_request.ts";
import { type EntraToken, tokenFromEntra } from "./entra.ts";
import { AzureError, type FailureClass } from "./errors.ts";
import { tokenFromImds } from "./imds.ts";
import type { AllowedSuffixes } from "./registry.ts";
import { type Asking, SharedResults } from "./shared_results.ts";
import type { Caller } from "./waiting_call.ts";

/** A password for a registry. */
export interface Credential {
  readonly password: Redacted;
  /** Milliseconds since the epoch. */
  readonly mintedAt: number;
  /** Milliseconds since the epoch. */
  readonly expiresAt: number;
  /** What it lacks of the scope that was asked for; absent where it lacks nothing. */
  readonly lacking?: readonly string[];
}

/**
 * Who asks for a credential, and what it has already. Moments in milliseconds since the epoch.
 */
export interface Need {
  /** Namespaces share what is waited for: one's many bindings delay no other's. */
  readonly namespace?: string;
  /** When what it has expires; absent where it has nothing that serves. */
  readonly expiresAt?: number;
  /** When the one was minted that is to be refreshed: it must not be given the same again. */
  readonly newerThan?: number;
  /** When it was last told of a failure: one that came later is news to it, and needs no attempt. */
  readonly failedAt?: number;
  /**
   * What it has expires before there can be another try: neither a failure of others nor the time
   * that a service asked for holds this one back.
   */
  readonly lastTry?: boolean;
}

/** What the credentials need from their surroundings. */
export interface CredentialsOptions extends AzureCallsOptions {
  /** Base URL of IMDS, or of what AZURE_POD_IDENTITY_AUTHORITY_HOST puts in its place. */
  readonly imdsBaseUrl: string;
  readonly audiencePolicy: AudiencePolicy;
  /** Under which bindings may name registries. */
  readonly allowedServerSuffixes: AllowedSuffixes;
  /** Mints a token of a ServiceAccount, for Entra. */
  readonly serviceAccountToken: (
    account: FederatedIdentity["serviceAccount"],
    signal: AbortSignal,
  ) => Promise<Redacted>;
}

// Long enough that bindings of one credential, refreshed together, share it; short against the
// shortest life of a registry's token (75 minutes).
const LONGEST_SHARE_MS = 5 * 60_000;
// A federated one is of one ServiceAccount, whose bindings are few: thousands of accounts would fill
// the memory with tokens that nobody asks for again.
const FEDERATED_SHARE_MS = 10_000;
// What is lacking may be granted at any time.
const LACKING_SHARE_MS = 10_000;
const SHARED_PART_OF_LIFE = 0.05;
// Entra tokens of nodes are kept until this long before they expire, as the Azure SDKs do.
const ENTRA_MARGIN_MS = 5 * 60_000;

// What may heal at Azure at any time takes minutes to do so; trouble of a service's own, seconds.
const FAILURE_SHARE_MS: Readonly<Record<FailureClass, number>> = {
  "permanent-user-error": 10_000,
  "auth-denied": 10_000,
  throttled: 5000,
  transient: 5000,
};
// A token that was refused is replaced, but not with each of many bindings that it was refused for.
const REFUSED_TOKEN_MS = 10_000;

/** So long before it expires a credential goes before all that have more time, or nothing to lose. */
const URGENT_MS = 15 * 60_000;

/** What is shared of the credentials of one kind of identity. */
interface Shared {
  readonly entra: SharedResults<EntraToken>;
  readonly refresh: SharedResults<RegistryToken & { mintedAt: number }>;
  readonly credentials: SharedResults<Credential>;
}

/** Mints registry credentials, each distinct one once. */
export class Credentials {
  readonly #options: CredentialsOptions;
  readonly #audiences: Audiences;
  readonly #calls: AzureCalls;
  readonly #ofNodes: Shared;
  readonly #federated: Shared;

  constructor(options: CredentialsOptions) {
    this.#options = options;
    const { audiencePolicy, clock, allowedServerSuffixes } = options;
    this.#audiences = new Audiences(audiencePolicy, clock, allowedServerSuffixes);
    this.#calls = new AzureCalls(options);
    this.#ofNodes = this.#shared(LONGEST_SHARE_MS, Infinity);
    this.#federated = this.#shared(FEDERATED_SHARE_MS, FEDERATED_SHARE_MS);
  }

  #shared(longestMs: number, longestEntraMs: number): Shared {
    const { clock, signal } = this.#options;
    const share = <T>(until: (value: T) => number) =>
      new SharedResults<T>(clock, { until, failureMs: failureShareMs }, signal);
    return {
      entra: share(({ expiresAt }) =>
        Math.min(expiresAt - ENTRA_MARGIN_MS, clock.now() + longestEntraMs)
      ),
      refresh: share((token) => shareUntil(token, longestMs)),
      credentials: share((credential) =>
        shareUntil(credential, credential.lacking === undefined ? longestMs : LACKING_SHARE_MS)
      ),
    };
  }

  /**
   * A credential for `request`, minted now or up to 5 minutes ago for another that asked for the
   * same (10 seconds, for a federated identity), as far as that serves the `need`. Rejects with an
   * AzureError, with what `serviceAccountToken` rejects with, or with the abort reason; so it does
   * with a failure that another was told of a moment ago.
   */
  mint(request: CredentialRequest, need: Need = {}): Promise<Credential> {
    const { namespace = "" } = need;
    const urgency = urgencyOf(need, this.#options.clock.now());
    const asker = urgency === undefined ? { namespace } : { namespace, urgency };
    const shared = this.#sharedOf(request).credentials;
    const make = (askers: Askers) => this.#mint(request, need, askers);
    return shared.get(credentialKey(request), make, asking(need, new Askers(asker)));
  }

  async #mint(request: CredentialRequest, need: Need, askers: Askers): Promise<Credential> {
    const refresh = await this.#refreshToken(request, need, askers);
    const { token: password, mintedAt, expiresAt } = refresh;
    if (request.scope === "") return { password, mintedAt, expiresAt };
    const { server, scope } = request;
    const access = await this.#calls.toHost(
      hostKey(request),
      callerOf(need, askers),
      (transport, signal) => scopedToken(transport, server, scope, refresh.token, signal),
    );
    const credential = {
      password: access.token,
      mintedAt: this.#options.clock.now(),
      expiresAt: access.expiresAt,
    };
    if (access.lacking.length === 0) return credential;
    // Rights that are granted later are those of a new refresh token.
    this.#sharedOf(request).refresh.doubt(refreshKey(request), refresh, REFUSED_TOKEN_MS);
    return { ...credential, lacking: access.lacking };
  }

  #refreshToken(
    request: CredentialRequest,
    need: Need,
    askers: Askers,
  ): Promise<RegistryToken & { mintedAt: number }> {
    return this.#sharedOf(request).refresh.get(refreshKey(request), async (all) => {
      const token = await this.#audiences.offer(
        request,
        (audience) => this.#exchangeFor(request, audience, need, all),
      );
      return { ...token, mintedAt: this.#options.clock.now() };
    }, asking(need, askers));
  }

  async #exchangeFor(
    request: CredentialRequest,
    audience: string,
    need: Need,
    askers: Askers,
  ): Promise<RegistryToken> {
    const { identity, server } = request;
    const key = entraKey(identity, audience);
    const shared = this.#sharedOf(request).entra;
    const make = (all: Askers) => this.#entraToken(identity, audience, callerOf(need, all));
    const entra = await shared.get(key, make, { ...need, askers });
    try {
      return await this.#calls.toHost(
        hostKey(request),
        callerOf(need, askers),
        (transport, signal) => exchange(transport, server, entra.token, signal),
      );
    } catch (error) {
      // Should the token be at fault, later attempts must not start from it again.
      if (isDenial(error)) shared.doubt(key, entra, REFUSED_TOKEN_MS);
      throw error;
    }
  }

  /** How many tokens and failures are held in memory, those under way included. */
  get held(): number {
    return [this.#ofNodes, this.#federated]
      .flatMap(({ entra, refresh, credentials }) => [entra.size, refresh.size, credentials.size])
      .reduce((sum, size) => sum + size, 0);
  }

  #sharedOf({ identity }: CredentialRequest): Shared {
    return identity.kind === "managedIdentity" ? this.#ofNodes : this.#federated;
  }

  #entraToken(
    identity: NodeIdentity | FederatedIdentity,
    audience: string,
    caller: Caller,
  ): Promise<EntraToken> {
    const { imdsBaseUrl, serviceAccountToken } = this.#options;
    if (identity.kind === "managedIdentity") {
      return this.#calls.toImds(
        identityKey(identity),
        caller,
        (transport, signal) => tokenFromImds(transport, imdsBaseUrl, identity, audience, signal),
      );
    }
    return this.#calls.toHostWith(
      identity.authorityHost,
      caller,
      (signal) => serviceAccountToken(identity.serviceAccount, signal),
      (assertion, transport, signal) =>
        tokenFromEntra(transport, identity, assertion, audience, signal),
      // One client's haste is not to hold the others back, who share Entra's host.
      clientKey(identity),
    );
  }
}

/**
 * From when on what is asked for goes first. What has expired has nothing more to lose than what
 * never was, and any tenant could have the operator believe it of thousands.
 */
function urgencyOf({ expiresAt, lastTry }: Need, now: number): Urgency | undefined {
  if (lastTry) return { from: 0, until: expiresAt ?? now };
  if (expiresAt === undefined || expiresAt <= now) return undefined;
  return { from: expiresAt - URGENT_MS, until: expiresAt };
}

function callerOf({ lastTry = false }: Need, askers: Askers): Caller {
  return { askers, isLastTry: lastTry };
}

/** What a need asks of a token that a registry gave. */
function asking(need: Need, askers: Askers): Asking<{ mintedAt: number }> {
  const { newerThan = -Infinity } = need;
  return { ...need, askers, suits: ({ mintedAt }) => mintedAt > newerThan };
}

/** What is not Azure's concerns one ServiceAccount, or the end of the operator. */
function failureShareMs(error: unknown): number {
  // What is left of a Retry-After is told by the pause that it began.
  if (!(error instanceof AzureError) || error.failure.retryAfterMs !== undefined) return 0;
  return FAILURE_SHARE_MS[error.failure.class];
}

function shareUntil(
  minted: { mintedAt: number; expiresAt: number },
  longestMs: number,
): number {
  const life = minted.expiresAt - minted.mintedAt;
  return minted.mintedAt + Math.min(longestMs, life * SHARED_PART_OF_LIFE);
}
