import type { CredentialRequest } from "../../azure/credential_request.ts";
import type { BindingStatus } from "../binding/view.ts";
import type { SecretState } from "./snapshot.ts";

/** How a new credential comes into its Secret. */
export type SecretWrite =
  | { readonly mode: "create" }
  /** In place, at the resourceVersion that was decided on. */
  | { readonly mode: "update"; readonly secret: SecretState }
  /**
   * Deleted and made anew, for what an update may not change: type and owner. `serves` where pods
   * may still pull by it, so that it must not go before its successor is sure to be admitted.
   */
  | { readonly mode: "replace"; readonly secret: SecretState; readonly serves: boolean };

/** Mint a credential and write it. */
export interface MintAction {
  readonly kind: "mint";
  readonly request: CredentialRequest;
  /** Hash of what the reference's hash leaves out; absent where that is nothing. */
  readonly identityHash?: string;
  readonly write: SecretWrite;
  /** Why, for the log. */
  readonly reason: string;
  /** When the last attempt failed, in milliseconds since the epoch; absent where none did. */
  readonly failedAt?: number;
  /** The credential in place expires before there can be another attempt. */
  readonly lastTry?: true;
  /**
   * How many of the scopes the credential in place lacks, which serves: one that lacks as many is not
   * written over it. Absent where any is better than what is there.
   */
  readonly keeps?: number;
}

/** Put a Secret's label and annotations right, and leave its data. */
export interface AdoptSecretAction {
  readonly kind: "adoptSecret";
  readonly secret: SecretState;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

/** Look at the binding's Secret by its name, past label and cache. */
export interface InspectSecretAction {
  readonly kind: "inspectSecret";
  readonly name: string;
}

/** What can happen to the binding's own Secret, so that it holds the credential that is wanted. */
export type SecretAction = InspectSecretAction | MintAction | AdoptSecretAction;

/** Say in the binding's status how things stand. */
export interface WriteStatusAction {
  readonly kind: "writeStatus";
  readonly status: BindingStatus;
}

/** One step. The executor carries them out in order and stops at the first that fails. */
export type Action =
  | { readonly kind: "addFinalizer" }
  | { readonly kind: "removeFinalizer" }
  | SecretAction
  | { readonly kind: "addReference"; readonly serviceAccount: string; readonly secret: string }
  | {
    readonly kind: "removeReferences";
    readonly serviceAccount: string;
    readonly secrets: readonly string[];
  }
  | { readonly kind: "deleteSecret"; readonly secret: SecretState; readonly reason: string }
  | WriteStatusAction;

/** What to do now, and when to look again. No actions: the binding is settled until then. */
export interface Plan {
  readonly actions: readonly Action[];
  /** Milliseconds since the epoch. */
  readonly wakeAt?: number;
}
