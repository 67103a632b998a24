import { type Clock, isWithin } from "../../runtime/time/clock.ts";
import type { Redacted } from "../../runtime/masking/redacted.ts";
import type { AccessDecision, Authorize } from "../../telemetry/serving/authorization.ts";
import { tokenExpiry } from "../config/token_expiry.ts";
import type { JSONValue, RestClient } from "../http/contract.ts";
import { BoundedMap } from "../../runtime/bounded_map.ts";
import { withTimeLimit } from "../http/time_limit.ts";
import { asObject } from "../../runtime/as_object.ts";

interface Entry {
  readonly verdict: AccessDecision;
  readonly since: number;
}

/** What the bearer of a token wants. */
export interface NonResourceAccess {
  /** Such as `/metrics`, as a ClusterRole's nonResourceURLs name it. */
  readonly path: string;
  readonly verb: string;
}

/** Where the API server is asked. */
export interface TokenAccessOptions {
  readonly rest: RestClient;
  readonly clock: Clock;
}

/** A verdict stands this long, so that a revoked token or right counts after that. */
const VERDICT_MS = 10_000;

/** A token counts as over this long after its own claim, since clocks differ. */
const SKEW_MS = 60_000;

/** More tokens than clients of one pod's metrics ever use; each takes some 100 bytes. */
const LONGEST_CACHE = 64;

/**
 * Questions at a time, so that strangers cannot have the API server flooded. There are as many more
 * for tokens that were allowed when last asked about, so that strangers cannot take a scraper's
 * place.
 */
const MOST_QUESTIONS = 8;

/** A scrape gives up after 10 s by default. */
const LIMIT_MS = 5_000;

/**
 * Asks the API server whose token it is (TokenReview) and whether that user may have `access`
 * (SubjectAccessReview), as kube-rbac-proxy did. Its own rights for that are those of the ClusterRole
 * system:auth-delegator. A token that is over by its own claim is not asked about. The answer rejects
 * when the API server does not answer, or when too many questions are under way. No verdict outlives
 * its time for that: a revoked token or right is never allowed longer than 10 s.
 */
export function tokenAccess(access: NonResourceAccess, options: TokenAccessOptions): Authorize {
  const { clock } = options;
  const verdicts = new VerdictCache(clock);
  const underWay = new Map<
    string,
    { readonly trusted: boolean; readonly verdict: Promise<AccessDecision> }
  >();
  return async (token) => {
    if ((tokenExpiry(token) ?? Infinity) + SKEW_MS <= clock.now()) return "unauthenticated";
    // A digest, so that no token is kept in memory.
    const key = await digest(token);
    const known = verdicts.fresh(key);
    if (known !== undefined) return known;
    const asked = underWay.get(key);
    if (asked !== undefined) return await asked.verdict;
    const trusted = verdicts.trusts(key);
    const alike = [...underWay.values()].filter((each) => each.trusted === trusted);
    if (alike.length >= MOST_QUESTIONS) throw new Error("too many tokens are being checked");
    const question = ask(token, access, options);
    underWay.set(key, { trusted, verdict: question });
    try {
      const verdict = await question;
      verdicts.set(key, verdict);
      return verdict;
    } finally {
      underWay.delete(key);
    }
  };
}

/** Verdicts by a token's digest. Refused tokens, of any number, push out no allowed one. */
class VerdictCache {
  readonly #clock: Clock;
  readonly #refused = new BoundedMap<string, Entry>(LONGEST_CACHE);
  readonly #allowed = new BoundedMap<string, Entry>(LONGEST_CACHE);

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** What still stands. */
  fresh(key: string): AccessDecision | undefined {
    const entry = this.#allowed.get(key) ?? this.#refused.get(key);
    if (entry === undefined || !isWithin(this.#clock.now(), entry.since, VERDICT_MS)) {
      return undefined;
    }
    return entry.verdict;
  }

  /** Whether the last answer, however old, allowed it. */
  trusts(key: string): boolean {
    return this.#allowed.get(key) !== undefined;
  }

  set(key: string, verdict: AccessDecision): void {
    const [into, from] = verdict === "allowed"
      ? [this.#allowed, this.#refused]
      : [this.#refused, this.#allowed];
    from.delete(key);
    into.set(key, { verdict, since: this.#clock.now() });
  }
}

async function digest(token: Redacted): Promise<string> {
  const bytes = new TextEncoder().encode(token.reveal());
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).toBase64();
}

async function ask(
  token: Redacted,
  access: NonResourceAccess,
  { rest, clock }: TokenAccessOptions,
): Promise<AccessDecision> {
  return await withTimeLimit(
    { clock, limitMs: LIMIT_MS, what: "checking a token" },
    async (signal) => {
      const user = await userOf(token, rest, signal);
      if (user === undefined) return "unauthenticated";
      return await mayAccess(user, access, rest, signal) ? "allowed" : "forbidden";
    },
  );
}

type User = Readonly<Record<string, JSONValue>>;

/** The token's user, or undefined when the API server does not know it. */
async function userOf(
  token: Redacted,
  rest: RestClient,
  signal: AbortSignal,
): Promise<User | undefined> {
  const status = await review(rest, signal, "authentication.k8s.io/v1", "TokenReview", {
    token: token.reveal(),
  });
  if (status.authenticated !== true) return undefined;
  return asObject(status.user) as User | undefined;
}

async function mayAccess(
  { username, uid, groups, extra }: User,
  { path, verb }: NonResourceAccess,
  rest: RestClient,
  signal: AbortSignal,
): Promise<boolean> {
  const status = await review(rest, signal, "authorization.k8s.io/v1", "SubjectAccessReview", {
    user: username,
    uid,
    groups,
    extra,
    nonResourceAttributes: { path, verb },
  });
  return status.allowed === true && status.denied !== true;
}

/** Sends a review, which nothing stores, and answers its status. */
async function review(
  rest: RestClient,
  signal: AbortSignal,
  apiVersion: string,
  kind: string,
  spec: Record<string, JSONValue>,
): Promise<Record<string, unknown>> {
  const answer = await rest.performRequest({
    method: "POST",
    path: `/apis/${apiVersion}/${kind.toLowerCase()}s`,
    bodyJson: { apiVersion, kind, spec },
    expectJson: true,
    abortSignal: signal,
  });
  return asObject(asObject(answer)?.status) ?? {};
}
