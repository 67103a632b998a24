import type { Clock } from "../../runtime/time/clock.ts";
import { Redacted } from "../../runtime/masking/redacted.ts";
import { abortable } from "../../runtime/time/abortable.ts";
import { tokenExpiry } from "./token_expiry.ts";
import type { ClusterCredentials, CredentialsProvider } from "./types.ts";

/** Credentials, and until when they may be handed out (milliseconds since the epoch). */
export interface FreshCredentials {
  readonly credentials: ClusterCredentials;
  readonly freshUntilMs: number;
}

/** Credentials that never change: a token in the kubeconfig, or none at all. */
export class FixedCredentials implements CredentialsProvider {
  readonly #credentials: ClusterCredentials;

  constructor(credentials: ClusterCredentials) {
    this.#credentials = credentials;
  }

  get(): Promise<ClusterCredentials> {
    return Promise.resolve(this.#credentials);
  }

  /** There is nowhere to get others from. */
  invalidate(): void {}
}

/**
 * Credentials fetched on demand and kept while they are fresh. All who ask while they are being
 * fetched share that one fetch; one who gives up leaves it to the others.
 */
export class CachedCredentials implements CredentialsProvider {
  readonly #clock: Clock;
  readonly #fetch: () => Promise<FreshCredentials>;
  #kept: FreshCredentials | undefined;
  #underWay: Promise<ClusterCredentials> | undefined;

  constructor(clock: Clock, fetch: () => Promise<FreshCredentials>) {
    this.#clock = clock;
    this.#fetch = fetch;
  }

  async get(signal?: AbortSignal): Promise<ClusterCredentials> {
    signal?.throwIfAborted();
    if (this.#kept && this.#clock.now() < this.#kept.freshUntilMs) return this.#kept.credentials;
    this.#underWay ??= this.#refresh();
    return await abortable(this.#underWay, signal);
  }

  invalidate(used: ClusterCredentials): void {
    if (this.#kept?.credentials === used) this.#kept = undefined;
  }

  async #refresh(): Promise<ClusterCredentials> {
    try {
      this.#kept = await this.#fetch();
      return this.#kept.credentials;
    } finally {
      this.#underWay = undefined;
    }
  }
}

/** client-go's figure: the kubelet renews the file long before the token in it expires. */
const LONGEST_AGE_MS = 60_000;

/** A request takes a moment to arrive, and clocks differ. */
const EXPIRY_MARGIN_MS = 10_000;

/** A token file, read anew when what was read is a minute old or close to its own expiry. */
export function tokenFileCredentials(
  clock: Clock,
  readToken: () => Promise<Redacted>,
): CredentialsProvider {
  return new CachedCredentials(clock, async () => {
    const token = await readToken();
    const expiresAtMs = tokenExpiry(token) ?? Infinity;
    return {
      credentials: { authorization: bearer(token) },
      freshUntilMs: Math.min(clock.now() + LONGEST_AGE_MS, expiresAtMs - EXPIRY_MARGIN_MS),
    };
  });
}

/**
 * Why a token cannot be sent, to follow the name of its place; undefined when it can. Deno would
 * quote the whole header in its error.
 */
export function tokenFault(token: string): string | undefined {
  if (/^[\x21-\x7e]+$/.test(token)) return undefined;
  return "holds a line break, a space or another character that no token has; copy it anew, in one line";
}

/** The Authorization header of a bearer token (RFC 6750). */
export function bearer(token: Redacted): Redacted {
  return new Redacted(`Bearer ${token.reveal()}`);
}

/** The Authorization header of a username and password (RFC 7617, in UTF-8). */
export function basic(username: string, password: Redacted): Redacted {
  const pair = new TextEncoder().encode(`${username}:${password.reveal()}`);
  return new Redacted(`Basic ${pair.toBase64()}`);
}
