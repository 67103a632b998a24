import type { Redacted } from "../runtime/masking/redacted.ts";
import type { Askers } from "./askers.ts";
import type { AzureCalls } from "./azure_calls.ts";
import {
  clientKey,
  type CredentialRequest,
  type FederatedIdentity,
  identityKey,
} from "./credential_request.ts";
import { tokenFromEntra } from "./entra.ts";
import { tokenFromImds } from "./imds.ts";
import type { Token } from "./token.ts";

/** Where tokens of Entra come from. */
export interface EntraTokensOptions {
  /** Base URL of IMDS, or of what AZURE_POD_IDENTITY_AUTHORITY_HOST puts in its place. */
  readonly imdsBaseUrl: string;
  /** Mints a token of a ServiceAccount, for Entra. */
  readonly serviceAccountToken: (
    account: FederatedIdentity["serviceAccount"],
    signal: AbortSignal,
  ) => Promise<Redacted>;
}

/** Has Entra give tokens: to nodes by IMDS, and for ServiceAccounts that are federated. */
export class EntraTokens {
  readonly #options: EntraTokensOptions;
  readonly #calls: AzureCalls;

  constructor(options: EntraTokensOptions, calls: AzureCalls) {
    this.#options = options;
    this.#calls = calls;
  }

  /** Waits for its turn, and asks. Rejects as the calls do, and as `serviceAccountToken` does. */
  ask(
    identity: CredentialRequest["identity"],
    audience: string,
    askers: Askers,
  ): Promise<Token> {
    const { imdsBaseUrl, serviceAccountToken } = this.#options;
    if (identity.kind === "managedIdentity") {
      return this.#calls.toImds(
        identityKey(identity),
        askers,
        (transport, signal) => tokenFromImds(transport, imdsBaseUrl, identity, audience, signal),
      );
    }
    return this.#calls.toHostWith(
      identity.authorityHost,
      askers,
      (signal) => serviceAccountToken(identity.serviceAccount, signal),
      (assertion, transport, signal) =>
        tokenFromEntra(transport, identity, assertion, audience, signal),
      // One client's haste is not to hold the others back, who share Entra's host.
      clientKey(identity),
    );
  }
}
