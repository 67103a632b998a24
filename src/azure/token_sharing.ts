import type { Redacted } from "../runtime/masking/redacted.ts";
import type { Clock } from "../runtime/time/clock.ts";
import type { Credential } from "./credential.ts";
import type { CredentialRequest } from "./credential_request.ts";
import { AzureError, type FailureClass } from "./errors.ts";
import { SharedResults } from "./shared_results.ts";
import type { Token } from "./token.ts";

/** A registry's refresh token. */
export interface RefreshToken extends Token {
  /** Milliseconds since the epoch. */
  readonly mintedAt: number;
}

/** What those share who ask with identities of one kind. */
export interface SharedTokens {
  readonly entra: SharedResults<Token>;
  readonly refresh: SharedResults<RefreshToken>;
  readonly credentials: SharedResults<Credential>;
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
/**
 * A token that was refused is replaced, but not with each of many bindings that it was refused for:
 * it is shared no longer than until it is so old, in milliseconds.
 */
export const REFUSED_TOKEN_MS = 10_000;

/** For how long tokens, and the failures to get them, serve others who ask for the same. */
export class TokenSharing {
  readonly #clock: Clock;
  readonly #signal: AbortSignal;
  readonly #ofNodes: SharedTokens;
  readonly #federated: SharedTokens;

  /** When `signal` aborts, nothing is held any more. */
  constructor(clock: Clock, signal: AbortSignal) {
    this.#clock = clock;
    this.#signal = signal;
    this.#ofNodes = this.#shared(LONGEST_SHARE_MS, Infinity);
    this.#federated = this.#shared(FEDERATED_SHARE_MS, FEDERATED_SHARE_MS);
  }

  /** What is shared by those who ask with identities of that kind. */
  of({ kind }: CredentialRequest["identity"]): SharedTokens {
    return kind === "managedIdentity" ? this.#ofNodes : this.#federated;
  }

  /** How many tokens and failures are held in memory, those under way included. */
  get held(): number {
    return [this.#ofNodes, this.#federated]
      .flatMap(({ entra, refresh, credentials }) => [entra.size, refresh.size, credentials.size])
      .reduce((sum, size) => sum + size, 0);
  }

  #shared(longestMs: number, longestEntraMs: number): SharedTokens {
    const clock = this.#clock;
    const share = <T>(until: (value: T) => number, tokenOf: (value: T) => Redacted) =>
      new SharedResults<T>(clock, {
        until,
        failureMs: failureShareMs,
        lengthOf: (value) => tokenOf(value).length,
      }, this.#signal);
    return {
      entra: share(
        ({ expiresAt }) => Math.min(expiresAt - ENTRA_MARGIN_MS, clock.now() + longestEntraMs),
        ({ token }) => token,
      ),
      refresh: share((token) => shareUntil(token, longestMs), ({ token }) => token),
      credentials: share(
        (credential) =>
          shareUntil(credential, credential.lacking === undefined ? longestMs : LACKING_SHARE_MS),
        ({ password }) => password,
      ),
    };
  }
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
