import type { SecretAccess } from "../../src/cli/flags/credential_options.ts";
import { DEFAULT_TOKEN_AUDIENCE } from "../../src/cli/flags/token_audience.ts";
import { VERSION } from "../../src/cli/version.ts";

/** Everything that an installation can differ in. */
export interface Settings {
  readonly image: string;
  readonly namespace: string;
  /** Whether the namespace is part of the installation, or an administrator's own. */
  readonly createNamespace: boolean;
  readonly replicas: number;
  /** What v1beta1 bindings that leave the field empty are given. */
  readonly defaults: DefaultsOfBindings;
  /** Domains of registries; empty for the operator's own default. */
  readonly allowedServerSuffixes: readonly string[];
  /** Audience of service account tokens, which the policy for tokens insists on. */
  readonly tokenAudience: string;
  readonly secretAccess: SecretAccess;
  /** Whether service account tokens may be minted at all. */
  readonly workloadIdentity: boolean;
  /** Whether metrics are served over TLS on every interface, to those who may read them. */
  readonly metricsSecure: boolean;
  /** Whether its pods run as a user and group of the manifests', or as the cluster assigns. */
  readonly fixedUser: boolean;
  /** Whose certificates Azure's hosts may show beside public ones; undefined for nobody's. */
  readonly azureCa?: ConfigMapKey;
  readonly networkPolicy: boolean;
  /** Whether the operator's own writes are held to what they should be. */
  readonly policies: boolean;
  /** Whether namespaces may name only what an administrator lists for them. */
  readonly tenantPolicy: boolean;
  /** Further flags of the operator. */
  readonly extraArgs: readonly string[];
  /** Further environment variables of the operator. */
  readonly extraEnv: readonly EnvironmentVariable[];
  /** What else its pods may reach. */
  readonly extraEgress: readonly EgressRule[];
}

/** One value of a ConfigMap in the operator's namespace. */
export interface ConfigMapKey {
  readonly name: string;
  readonly key: string;
}

/** An environment variable. */
export interface EnvironmentVariable {
  readonly name: string;
  readonly value: string;
}

/** Addresses that may be reached at a TCP port. */
export interface EgressRule {
  readonly cidr: string;
  readonly port: number;
}

/** See the operator's environment variables. Undefined leaves one unset. */
export interface DefaultsOfBindings {
  readonly acrServer?: string;
  readonly clientId?: string;
  readonly resourceId?: string;
  readonly armResource?: string;
}

/** Where the certificates stand in their ConfigMap, unless told. */
export const DEFAULT_CA_KEY = "ca.crt";

/** What `deploy/latest` is rendered from. */
export const DEFAULTS: Settings = {
  image: `ghcr.io/msi-acrpull/deno:v${VERSION}`,
  namespace: "msi-acrpull-system",
  createNamespace: true,
  replicas: 2,
  defaults: {},
  allowedServerSuffixes: [],
  tokenAudience: DEFAULT_TOKEN_AUDIENCE,
  secretAccess: "watch",
  workloadIdentity: true,
  metricsSecure: false,
  fixedUser: true,
  networkPolicy: true,
  policies: true,
  tenantPolicy: false,
  extraArgs: [],
  extraEnv: [],
  extraEgress: [],
};
