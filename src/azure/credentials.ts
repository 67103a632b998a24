import type { Redacted } from "../runtime/redacted.ts";
import { exchange, type RegistryToken, scopedToken } from "./acr.ts";
import { type AudiencePolicy, Audiences, isDenial } from "./audiences.ts";
import {
  clientKey,
  credentialKey,
  type CredentialRequest,
  entraKey,
  type FederatedIdentity,
  hostKey,
  type NodeIdentity,
  refreshKey,
} from "./credential_request.ts";
import { type EntraToken, tokenFromEntra } from "./entra.ts";
import { AzureError, type FailureClass } from "./errors.ts";
import type { AzureTransport } from "./request.ts";
import { tokenFromImds } from "./imds.ts";
import { HostLimiter, type HostLimits, type HostState, type Places } from "./host_limiter.ts";
import { IMDS_LIMITS, Limiter, type Limits } from "./limiter.ts";
import { Pauses } from "./pauses.ts";
import { type Asking, SharedResults } from "./shared_results.ts";

/** A password for a registry. */
export interface Credential {
  readonly password: Redacted;
  /** Milliseconds since the epoch. */
  readonly mintedAt: number;
  /** Milliseconds since the epoch. */
  readonly expiresAt: number;
}

/** What somebody who asks for a credential has already. Moments in milliseconds since the epoch. */
export interface Need {
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
// A federated one is of one ServiceAccount, whose bindings are few: thousands of accounts would fill
// the memory with tokens that nobody asks for again.
const FEDERATED_SHARE_MS = 10_000;
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

// The first call to a host shows whether it answers at all. A slow registry may take longer, and is
// given its whole time from then on.
const FIRST_CALL_MS = 20_000;

/** IMDS counts by the second. */
const IMDS_PAUSE_MS = 1000;
/** Who waits for IMDS waits this long without a word; a longer pause its binding should tell of. */
const LONGEST_WAIT_MS = 5000;
const IMDS = "imds";

/** Only one call at a time finds out whether an IMDS that was silent answers again. */
const IMDS_PLACES: HostLimits = {
  together: IMDS_LIMITS.concurrent,
  perHost: IMDS_LIMITS.concurrent,
  unknown: { together: IMDS_LIMITS.concurrent, perHost: IMDS_LIMITS.concurrent },
  silent: { together: 1, perHost: 1 },
};

/**
 * Places of their own for last tries, which must not wait behind calls that hang. With those of all
 * the others they come to IMDS's limits and no more.
 */
const LAST_TRY_IMDS_LIMITS: Limits = { calls: 1, windowMs: 250, concurrent: 1 };
const LAST_TRY_IMDS_PLACES = samePlaces({ together: 1, perHost: 1 });
const LAST_TRY_PLACES = samePlaces({ together: 16, perHost: 8 });

/** Whatever is known of a host. */
function samePlaces(places: Places): HostLimits {
  return { ...places, unknown: places, silent: places };
}

/** Where calls to IMDS wait for their turn. */
interface ImdsLine {
  readonly places: HostLimiter;
  readonly pace: Limiter;
}

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
  readonly #pauses: Pauses;
  readonly #imds: ImdsLine;
  readonly #lastTriesAtImds: ImdsLine;
  readonly #hosts: HostLimiter;
  readonly #lastTriesAtHosts: HostLimiter;
  readonly #ofNodes: Shared;
  readonly #federated: Shared;
  /** How often in a row IMDS refused calls for their haste. */
  #imdsRefusals = 0;

  constructor(options: CredentialsOptions) {
    const { clock, signal } = options;
    this.#options = options;
    this.#audiences = new Audiences(options.audiencePolicy, clock);
    this.#pauses = new Pauses(clock);
    const line = (places: HostLimits, limits: Limits): ImdsLine => ({
      places: new HostLimiter(places, signal),
      pace: new Limiter(limits, clock),
    });
    this.#imds = line(IMDS_PLACES, IMDS_LIMITS);
    this.#lastTriesAtImds = line(LAST_TRY_IMDS_PLACES, LAST_TRY_IMDS_LIMITS);
    this.#hosts = new HostLimiter(options.limits, signal);
    this.#lastTriesAtHosts = new HostLimiter(LAST_TRY_PLACES, signal);
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
      credentials: share((credential) => shareUntil(credential, longestMs)),
    };
  }

  /**
   * A credential for `request`, minted now or up to 5 minutes ago for another that asked for the
   * same (10 seconds, for a federated identity), as far as that serves the `need`. Rejects with an
   * AzureError, with what `serviceAccountToken` rejects with, or with the abort reason; so it does
   * with a failure that another was told of a moment ago.
   */
  mint(request: CredentialRequest, need: Need = {}): Promise<Credential> {
    return this.#sharedOf(request).credentials.get(credentialKey(request), async () => {
      const refresh = await this.#refreshToken(request, need);
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
        need,
        (transport, signal) => scopedToken(transport, server, scope, refresh.token, signal),
      );
      const mintedAt = this.#options.clock.now();
      return { password: access.token, mintedAt, expiresAt: access.expiresAt };
    }, asking(need));
  }

  #refreshToken(
    request: CredentialRequest,
    need: Need,
  ): Promise<RegistryToken & { mintedAt: number }> {
    const key = refreshKey(request);
    return this.#sharedOf(request).refresh.get(key, async () => {
      const token = await this.#audiences.offer(
        request,
        (audience) => this.#exchangeFor(request, audience, need),
      );
      return { ...token, mintedAt: this.#options.clock.now() };
    }, asking(need));
  }

  async #exchangeFor(
    request: CredentialRequest,
    audience: string,
    need: Need,
  ): Promise<RegistryToken> {
    const { identity, server } = request;
    const key = entraKey(identity, audience);
    const shared = this.#sharedOf(request).entra;
    const entra = await shared.get(key, () => this.#entraToken(identity, audience, need), need);
    try {
      return await this.#https(
        hostKey(request),
        need,
        (transport, signal) => exchange(transport, server, entra.token, signal),
      );
    } catch (error) {
      // Should the token be at fault, later attempts must not start from it again.
      if (isDenial(error)) shared.doubt(key, entra, REFUSED_TOKEN_MS);
      throw error;
    }
  }

  #entraToken(
    identity: NodeIdentity | FederatedIdentity,
    audience: string,
    need: Need,
  ): Promise<EntraToken> {
    return identity.kind === "managedIdentity"
      ? this.#fromImds(identity, audience, need)
      : this.#fromEntra(identity, audience, need);
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

  async #https<T>(
    host: string,
    { lastTry }: Need,
    call: (transport: AzureTransport, signal: AbortSignal) => Promise<T>,
    pauseKey = host,
  ): Promise<T> {
    if (!lastTry) this.#pauses.check(pauseKey);
    const waitsElsewhere = lastTry && !this.#hosts.hasPlaceFor(host);
    const places = waitsElsewhere ? this.#lastTriesAtHosts : this.#hosts;
    return await places.run(host, async (state) => {
      if (!lastTry) this.#pauses.check(pauseKey);
      try {
        return await call(this.#transportTo(state), this.#options.signal);
      } catch (error) {
        this.#pauses.note(pauseKey, error);
        throw error;
      }
    });
  }

  #transportTo(state: HostState): AzureTransport {
    return state === "unknown" ? { ...this.#options, longestMs: FIRST_CALL_MS } : this.#options;
  }

  async #fromImds(
    identity: NodeIdentity,
    audience: string,
    { lastTry }: Need,
  ): Promise<EntraToken> {
    const { imdsBaseUrl, signal } = this.#options;
    if (!lastTry) this.#pauses.check(IMDS);
    const { places, pace } = lastTry ? this.#shorterImdsLine() : this.#imds;
    return await places.run(IMDS, () =>
      pace.run(signal, async () => {
        if (!lastTry) this.#pauses.check(IMDS);
        try {
          const token = await tokenFromImds(this.#options, imdsBaseUrl, identity, audience, signal);
          this.#imdsRefusals = 0;
          return token;
        } catch (error) {
          this.#slowDown(error);
          throw error;
        }
      }));
  }

  /** The line of all moves four times as fast as that of the last tries, unless its calls hang. */
  #shorterImdsLine(): ImdsLine {
    const { places } = this.#imds;
    const waiting = places.waitingFor(IMDS);
    const waitingLast = this.#lastTriesAtImds.places.waitingFor(IMDS);
    if (places.hasPlaceFor(IMDS) || waiting < 4 * waitingLast) return this.#imds;
    return this.#lastTriesAtImds;
  }

  /** IMDS was asked too often, or is in trouble: those who wait wait longer, or are told so. */
  #slowDown(error: unknown): void {
    if (!(error instanceof AzureError)) return;
    const { class: failureClass, retryAfterMs = 0 } = error.failure;
    if (retryAfterMs > LONGEST_WAIT_MS) return this.#pauses.note(IMDS, error);
    if (failureClass !== "throttled") return;
    const growingMs = IMDS_PAUSE_MS * 2 ** Math.min(this.#imdsRefusals++, 10);
    this.#imds.pace.pause(Math.min(LONGEST_WAIT_MS, Math.max(growingMs, retryAfterMs)));
  }

  async #fromEntra(
    identity: FederatedIdentity,
    audience: string,
    need: Need,
  ): Promise<EntraToken> {
    const { serviceAccountToken } = this.#options;
    const { authorityHost } = identity;
    // Within the place, so that a thousand assertions are not held while they wait for one.
    return await this.#https(authorityHost, need, async (transport, signal) => {
      const assertion = await serviceAccountToken(identity.serviceAccount, signal);
      return await tokenFromEntra(transport, identity, assertion, audience, signal);
      // One tenant's haste is not to hold the others back, who share Entra's host.
    }, clientKey(identity));
  }
}

/** What a need asks of a token that a registry gave. */
function asking({ newerThan = -Infinity, ...need }: Need): Asking<{ mintedAt: number }> {
  return { ...need, suits: ({ mintedAt }) => mintedAt > newerThan };
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
