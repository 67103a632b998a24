import { lowerAscii } from "../runtime/text/ascii.ts";
import type { Clock } from "../runtime/time/clock.ts";
import { ACR_AUDIENCE } from "./clouds.ts";
import { type CredentialRequest, entraKey } from "./credential_request.ts";
import { AzureError } from "./errors.ts";
import { type AllowedSuffixes, DEFAULT_SUFFIXES, isUnder, registryHost } from "./registry.ts";
import { Learned } from "./learned.ts";

/**
 * Which audience registries are offered. `auto` is the registry service's own, then the cloud's for
 * Azure Resource Manager where the first is unknown or refused; where somebody set the latter, it
 * goes first. Anything else is the one audience to use.
 */
export type AudiencePolicy =
  | { readonly kind: "auto" | "arm" | "acr" }
  | { readonly kind: "fixed"; readonly audience: string };

// A registry's policy and what a cloud knows change seldom. What was learned by an accident, such as
// a role that came between two attempts, is found out again before long.
const REMEMBERED_MS = 60 * 60_000;
// A role that is missing is granted at any time, and a grant takes up to 10 minutes to work.
const DENIED_MS = 10 * 60_000;
const MOST_REMEMBERED = 1000;

const CURE_OF_STRANGER =
  "If the registry takes Azure Resource Manager's tokens alone, set --acr-audience=arm.";

/**
 * Which audiences to offer for a credential, and in which order. A token for Azure Resource Manager
 * opens more than a registry, so that it is asked for only where nothing less will do.
 */
export class Audiences {
  readonly #policy: AudiencePolicy;
  readonly #allowed: AllowedSuffixes;
  /** By cloud: those that Entra does not know there. */
  readonly #unknown: Learned;
  /** By registry: those that it refused while it took the other. */
  readonly #refused: Learned;
  /** Registries that took their own: what they then refuse is an identity without a role. */
  readonly #taken: Learned;
  /** By registry and identity: ARM's, refused as the registry's own was. */
  readonly #denied: Learned;

  /** `allowed` are the suffixes under which bindings may name registries. */
  constructor(policy: AudiencePolicy, clock: Pick<Clock, "now">, allowed: AllowedSuffixes) {
    this.#policy = policy;
    this.#allowed = allowed;
    this.#taken = new Learned(clock, REMEMBERED_MS, MOST_REMEMBERED);
    this.#denied = new Learned(clock, DENIED_MS, MOST_REMEMBERED);
    this.#unknown = new Learned(clock, REMEMBERED_MS, MOST_REMEMBERED);
    this.#refused = new Learned(clock, REMEMBERED_MS, MOST_REMEMBERED);
  }

  /**
   * What `attempt` makes of the first audience that will do. Rejects as `attempt` does; where it
   * fails for both, with the error that names the cure.
   */
  async offer<T>(
    request: CredentialRequest,
    attempt: (audience: string) => Promise<T>,
  ): Promise<T> {
    const [first, second] = this.#inOrder(request);
    try {
      return await this.#attempt(request, first, attempt);
    } catch (error) {
      if (this.#isStranger(request)) throw withCure(error);
      if (second === undefined || !this.#callsForAnother(request, second, error)) throw error;
      return await this.#offerSecond(request, { first, second, error }, attempt);
    }
  }

  async #attempt<T>(
    request: CredentialRequest,
    audience: string,
    attempt: (audience: string) => Promise<T>,
  ): Promise<T> {
    const result = await attempt(audience);
    if (audience === ACR_AUDIENCE) this.#taken.add(keyOf(hostOf(request), audience));
    return result;
  }

  async #offerSecond<T>(
    request: CredentialRequest,
    { first, second, error }: Refusal,
    attempt: (audience: string) => Promise<T>,
  ): Promise<T> {
    try {
      const result = await this.#attempt(request, second, attempt);
      this.#learn(request, first, error);
      return result;
    } catch (other) {
      if (isAzureDenial(error) && isAzureDenial(other) && second !== ACR_AUDIENCE) {
        this.#denied.add(deniedKey(request, second));
      }
      // Entra knows the second, whatever the registry makes of it.
      if (isUnknown(error) && isAzureDenial(other)) this.#learn(request, first, error);
      // Where neither is known, the cloud's is the one that somebody can correct.
      if (isUnknown(error) && isUnknown(other)) throw second === ACR_AUDIENCE ? error : other;
      throw cureOf(error, other);
    }
  }

  /**
   * Whether `second` may do: the other is unknown to Entra, or the registry refused it. ARM's is
   * not shown for a role that is missing.
   */
  #callsForAnother(request: CredentialRequest, second: string, error: unknown): boolean {
    if (!isAzureDenial(error)) return isUnknown(error);
    // The registry's own opens nothing else, so that it may be offered each time.
    if (second === ACR_AUDIENCE) return true;
    return !this.#takesItsOwn(request) && !this.#denied.has(deniedKey(request, second));
  }

  #takesItsOwn(request: CredentialRequest): boolean {
    return this.#taken.has(keyOf(hostOf(request), ACR_AUDIENCE));
  }

  #inOrder(request: CredentialRequest): readonly [string, string?] {
    const policy = this.#policy;
    if (policy.kind === "fixed") return [policy.audience];
    if (policy.kind === "acr" || this.#isStranger(request)) return [ACR_AUDIENCE];
    const { audience, audienceIsSet } = request;
    if (policy.kind === "arm" || audience === ACR_AUDIENCE) return [audience];
    const [first, second] = audienceIsSet ? [audience, ACR_AUDIENCE] : [ACR_AUDIENCE, audience];
    if (this.#unknown.has(keyOf(cloudOf(request), first))) return [second];
    // What a registry refused once it may take again, should it refuse the other.
    return this.#isRefused(request, first) ? [second, first] : [first, second];
  }

  /** What took its own since, by whatever order, does not refuse it. */
  #isRefused(request: CredentialRequest, audience: string): boolean {
    if (audience === ACR_AUDIENCE && this.#takesItsOwn(request)) return false;
    return this.#refused.has(keyOf(hostOf(request), audience));
  }

  /** A host that may be anybody's is shown no token for more than a registry unasked. */
  #isStranger({ server, audienceIsSet }: CredentialRequest): boolean {
    return this.#policy.kind === "auto" && !audienceIsSet && this.#allowed === "*" &&
      !isUnder(server, DEFAULT_SUFFIXES);
  }

  #learn(request: CredentialRequest, audience: string, error: unknown): void {
    if (isUnknown(error)) this.#unknown.add(keyOf(cloudOf(request), audience));
    // One identity's denial says nothing of a registry that has taken its own from another meanwhile.
    else if (audience !== ACR_AUDIENCE || !this.#takesItsOwn(request)) {
      this.#refused.add(keyOf(hostOf(request), audience));
    }
  }
}

interface Refusal {
  readonly first: string;
  readonly second: string;
  readonly error: unknown;
}

/** Whoever names a tenant of Entra learns of that tenant alone: he may have made it himself. */
function cloudOf({ identity }: CredentialRequest): readonly string[] {
  return identity.kind === "managedIdentity"
    ? ["IMDS"]
    : [identity.authorityHost, lowerAscii(identity.tenantId)];
}

function hostOf({ server }: CredentialRequest): readonly string[] {
  return [registryHost(server)];
}

function keyOf(where: readonly string[], audience: string): string {
  return JSON.stringify([...where, audience]);
}

function deniedKey(request: CredentialRequest, audience: string): string {
  return keyOf([...hostOf(request), entraKey(request.identity, audience)], audience);
}

/** Tells of a stranger's refusal what an administrator may set, should no role be missing. */
function withCure(error: unknown): unknown {
  if (!isAzureDenial(error)) return error;
  const { failure } = error as AzureError;
  return new AzureError({ ...failure, remedy: `${failure.remedy} ${CURE_OF_STRANGER}` });
}

/** Why Entra gives nobody in that cloud or tenant a token for an audience. */
const UNKNOWN: readonly string[] = ["AudienceUnknown", "AudienceDisabled"];

function isUnknown(error: unknown): boolean {
  return error instanceof AzureError && UNKNOWN.includes(error.failure.reason);
}

/** A registry may refuse an audience altogether, which looks like a missing role. */
export function isAzureDenial(error: unknown): boolean {
  return error instanceof AzureError && error.failure.status === 401 &&
    error.failure.endpoint === "exchange";
}

/**
 * The one of two failures that names the cure. An audience that is unknown says nothing of what the
 * registry made of the other. A registry's denial counts, unless the other audience may yet be
 * taken once what may pass by itself has passed.
 */
function cureOf(first: unknown, second: unknown): unknown {
  if (isUnknown(first)) return second;
  return second instanceof AzureError && !isPassing(second) ? first : second;
}

function isPassing({ failure }: AzureError): boolean {
  return failure.class === "transient" || failure.class === "throttled";
}
