import type { AllowedSuffixes } from "../../azure/registry.ts";

/** What the operator's own configuration says of every binding. */
export interface BindingSettings {
  readonly allowedServerSuffixes: AllowedSuffixes;
  /** Defaults of v1beta1; empty where there is none. */
  readonly defaults: {
    readonly acrServer: string;
    readonly managedIdentityClientID: string;
    readonly managedIdentityResourceID: string;
    /** Audience of v1beta1; empty for the public cloud's. */
    readonly armResource: string;
  };
  /** When v1beta2 refreshes, as a part of a token's life. */
  readonly ttlRotationFraction: number;
  /** Entra hosts that an air-gapped binding may name. */
  readonly allowedEntraAuthorityHosts: readonly string[];
  /** Audiences that an air-gapped binding may name. */
  readonly allowedResourceManagerAudiences: readonly string[];
}
