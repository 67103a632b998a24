import type { Clock } from "../../../src/runtime/time/clock.ts";
import type { Random } from "../../../src/runtime/random.ts";

/** A closed list, or a test that says which values are known. Lists ignore case. */
export type Known = readonly string[] | ((value: string) => boolean);

/** How long each token lives, in milliseconds. */
export interface TokenLifetimes {
  /** Entra tokens that IMDS hands out. */
  imds: number;
  /** Entra tokens by client assertion. */
  entra: number;
  /** ACR refresh tokens. */
  refresh: number;
  /** ACR access tokens. */
  access: number;
}

/** How long each service takes to answer, in milliseconds of the clock. */
export interface Latencies {
  imds: number;
  entra: number;
  /** Exchange and token alike. */
  acr: number;
}

/** The limits per virtual machine that IMDS documents for identity requests. */
export interface ImdsLimits {
  readonly perSecond: number;
  readonly concurrent: number;
}

/** How one registry is set up. */
export interface RegistryRules {
  /** `authentication-as-arm` is disabled: only the ACR audience is accepted. */
  readonly refuseArmAudience?: boolean;
  /** Of a cloud whose registries know Resource Manager's audience alone. */
  readonly refuseAcrAudience?: boolean;
  /** Attribute-based access: scopes with a wildcard are refused. */
  readonly abac?: boolean;
  /** What its tokens name as `aud`; without it the home registry. */
  readonly audience?: string;
  /** Which identities have a role here; without it every one has. */
  readonly admits?: (who: string) => boolean;
  /** Which single scopes (TYPE:NAME:ACTION) of those asked for are granted; without it all are. */
  readonly grants?: (who: string, scope: string) => boolean;
  /** Whether access tokens have the claim `access` at all; without it they have. */
  readonly tellsAccess?: boolean;
}

/** A disconnected cloud. */
export interface AirgappedCloud {
  /** Host name of its Entra, with a port where that is not 443. */
  readonly authorityHost: string;
  readonly resourceManagerAudience: string;
}

/** How a fake Azure is set up. All but the clock has a default: see `completeOptions`. */
export interface FakeAzureOptions {
  readonly clock: Clock;
  readonly random?: Random;
  readonly tokenLifetimeMs?: Partial<TokenLifetimes>;
  readonly latencyMs?: Partial<Latencies>;
  /** Where IMDS is reached, as in AZURE_POD_IDENTITY_AUTHORITY_HOST. */
  readonly imdsUrl?: string;
  readonly imdsLimits?: ImdsLimits;
  /** Known registry hosts. */
  readonly registries?: Known;
  readonly registryRules?: Readonly<Record<string, RegistryRules>>;
  /** A well-formed registry that is not known: nobody's to call, or a name that DNS lacks. */
  readonly otherRegistries?: "unexpected" | "name-not-found";
  /** Client, object and resource IDs of the identities known to IMDS and Entra. */
  readonly identities?: Known;
  /** Client IDs known to Entra, where they are others than IMDS's. */
  readonly applications?: Known;
  /** The identity that IMDS answers for when a request names none. */
  readonly systemAssigned?: string;
  readonly tenants?: Known;
  /** Subjects with a federated credential: `system:serviceaccount:NAMESPACE:NAME`. */
  readonly subjects?: readonly string[] | ((subject: string, clientId: string) => boolean);
  /** Audiences that federated credentials list. */
  readonly assertionAudiences?: readonly string[];
  readonly airgapped?: readonly AirgappedCloud[];
  /**
   * Whether the registries' own audience is a resource in the Entra tenant of that name, and for
   * `IMDS` in that of the node; without it, it is everywhere.
   */
  readonly knowsAcrAudience?: (tenant: string) => boolean;
}

/** Options with every default filled in. */
export interface Settings {
  readonly clock: Clock;
  readonly random: Random;
  readonly tokenLifetimeMs: TokenLifetimes;
  readonly latencyMs: Latencies;
  readonly imdsUrl: URL;
  readonly imdsLimits: ImdsLimits;
  readonly isRegistry: (host: string) => boolean;
  readonly registryRules: Map<string, RegistryRules>;
  readonly isMissingName: (host: string) => boolean;
  readonly isIdentity: (id: string) => boolean;
  readonly isApplication: (clientId: string) => boolean;
  readonly systemAssigned: string | undefined;
  readonly isTenant: (tenant: string) => boolean;
  readonly isSubject: (subject: string, clientId: string) => boolean;
  readonly assertionAudiences: readonly string[];
  readonly airgapped: readonly AirgappedCloud[];
  readonly knowsAcrAudience: (tenant: string) => boolean;
}

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

/** Any host that authenticates under a public suffix; `.data.` hosts serve blobs only. */
const REGISTRY = /^(?!.*\.data\.)(?:[a-z0-9-]+\.)+azurecr\.(?:io|us|cn)$/;
const SUBJECT = /^system:serviceaccount:[a-z0-9-]+:[a-z0-9.-]+$/;

/**
 * Fills in what a caller left open: the lifetimes that Azure documents, no latency, IMDS's
 * documented limits, and every well-formed registry, identity, tenant and subject as known.
 */
export function completeOptions(options: FakeAzureOptions): Settings {
  const isRegistry = known(options.registries, isRegistryName);
  const namesEnd = options.otherRegistries === "name-not-found";
  return {
    clock: options.clock,
    random: options.random ?? seededRandom(1),
    tokenLifetimeMs: {
      imds: HOUR,
      entra: HOUR,
      refresh: 3 * HOUR,
      access: 75 * MINUTE,
      ...options.tokenLifetimeMs,
    },
    latencyMs: { imds: 0, entra: 0, acr: 0, ...options.latencyMs },
    imdsUrl: new URL(options.imdsUrl ?? "http://169.254.169.254"),
    imdsLimits: options.imdsLimits ?? { perSecond: 20, concurrent: 5 },
    isRegistry,
    isMissingName: (host) => namesEnd && isRegistryName(host) && !isRegistry(host),
    registryRules: new Map(Object.entries(options.registryRules ?? {})),
    isIdentity: known(options.identities, () => true),
    isApplication: known(options.applications ?? options.identities, () => true),
    systemAssigned: options.systemAssigned,
    isTenant: known(options.tenants, () => true),
    isSubject: known(options.subjects, (subject: string) => SUBJECT.test(subject)),
    assertionAudiences: options.assertionAudiences ?? ["api://AzureCRTokenExchange"],
    airgapped: options.airgapped ?? [],
    knowsAcrAudience: options.knowsAcrAudience ?? (() => true),
  };
}

function isRegistryName(host: string): boolean {
  return REGISTRY.test(host);
}

function known<F extends (value: string, ...more: string[]) => boolean>(
  values: readonly string[] | F | undefined,
  otherwise: F,
): F | ((value: string) => boolean) {
  if (values === undefined) return otherwise;
  if (typeof values === "function") return values;
  const lower = new Set(values.map((value) => value.toLowerCase()));
  return (value: string) => lower.has(value.toLowerCase());
}

/** A linear congruential generator (Numerical Recipes): the same numbers in every run. */
function seededRandom(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}
