import type { Brevity } from "../../runtime/masking/brief.ts";
import type { BindingView, SecretRules } from "../binding/view.ts";

/** A ServiceAccount as far as bindings care. */
export interface ServiceAccountState {
  readonly name: string;
  readonly uid: string;
  /** Names in imagePullSecrets, in their order. */
  readonly pullSecrets: readonly string[];
  /** Client ID and tenant ID by the annotations of Azure workload identity. */
  readonly clientId?: string;
  readonly tenantId?: string;
}

/** The AcrPullBinding that a Secret names as its owner. */
export interface SecretOwner {
  readonly apiVersion: string;
  readonly name: string;
  readonly uid: string;
}

/** A Secret's metadata. Its data never is part of a snapshot. */
export interface SecretState {
  readonly name: string;
  readonly uid: string;
  readonly resourceVersion: string;
  readonly label?: string;
  readonly owner?: SecretOwner;
  /** Whether anything else owns it. */
  readonly ownedByOthers: boolean;
  /** The finalizers by which it is still there after it was deleted; absent where it was not. */
  readonly heldBy?: readonly string[];
  /** RFC 3339. */
  readonly expiry?: string;
  /** RFC 3339. */
  readonly refresh?: string;
  readonly inputs?: string;
  readonly identity?: string;
  /** How many of the scopes that were asked for its token lacks, by its annotation. */
  readonly lacking?: string;
  /** Whether the operator itself was the last to write the data. */
  readonly dataIsOurs: boolean;
}

/** What reading a Secret in full told: a verdict on its data, not the data. */
export type Content = IntactContent | BrokenContent;

/** It holds an intact credential for the binding's registry. Times in milliseconds. */
export interface IntactContent {
  readonly kind: "intact";
  readonly expiresAt: number;
  readonly mintedAt?: number;
  readonly immutable?: true;
  /** How many of the binding's scopes the token lacks; absent where it lacks none. */
  readonly lacking?: number;
  /** What the token names as its audience, where that is not the binding's registry. */
  readonly otherAudience?: string;
}

/** It holds none. */
export interface BrokenContent {
  readonly kind: "broken";
  readonly why: string;
  /** A user marked it so, or its type is wrong: no update can mend it. */
  readonly immutable: boolean;
}

/** The result of reading the binding's Secret by name, past label and cache. */
export type Inspection = { readonly kind: "absent" } | FoundSecret;

/** A Secret that was read in full. */
export interface FoundSecret {
  readonly kind: "found";
  readonly secret: SecretState;
  readonly content: Content;
}

/** What is known of the cluster, as far as one binding is concerned. */
export interface Snapshot {
  readonly binding: BindingView;
  /** Those of the binding's API. */
  readonly rules: SecretRules;
  /** The target, the federated one, and all that refer to a Secret of the binding. */
  readonly serviceAccounts: ReadonlyMap<string, ServiceAccountState>;
  /** Labelled Secrets that may be the binding's: by owner, by label or by name. */
  readonly secrets: readonly SecretState[];
  readonly inspection?: Inspection;
  /** Whether the API keeps `conditions`: the reference's CRDs prune them. */
  readonly keepsConditions: boolean;
  /** How much the API server lets the status tell: all, where it has refused nothing. */
  readonly brevity?: Brevity;
}
