import type { CredentialRequest } from "../../../azure/credential_request.ts";
import type { Credential, Need } from "../../../azure/credentials.ts";
import type { AzureError } from "../../../azure/errors.ts";
import type { Clock } from "../../../runtime/time/clock.ts";
import type { BindingView } from "../../binding/view.ts";
import type { Action } from "../../plan/actions.ts";
import type { Lifetime } from "../../plan/schedule.ts";
import type { Inspection, SecretState, Snapshot } from "../../plan/snapshot.ts";
import type { Slot } from "../../queue.ts";
import type { ActedBinding } from "../../report.ts";
import type { BindingWriter } from "../binding_writer.ts";
import type { CacheWriters } from "../clients.ts";
import type { Secrets } from "../secrets.ts";
import type { ServiceAccountWriter } from "../service_account_writer.ts";

/** All that one kind of action does and says of itself: in the log, in failures and when undone. */
export interface ActionHandler<A extends Action = Action> {
  /** What the log says once it is done, as a constant sentence. */
  readonly done: string;
  /** What the log tells of it besides. */
  details(binding: ActedBinding, action: A): Record<string, unknown>;
  /** What was being done, for a sentence that goes on with how it failed. */
  doing(binding: BindingView, action: A): string;
  /** What it was to leave behind, for a sentence that goes on with who undid it. */
  effect(binding: BindingView, action: A): string;
  /** What it reads or writes. */
  subject(binding: BindingView, action: A): Subject;
  /** The fields of its subject by whose writer it is known who undid it, where that is known. */
  fields(action: A): readonly FieldPath[];
  /** What it leaves behind where: the same again means that somebody undid it. */
  marks(snapshot: Snapshot, action: A): readonly Mark[];
  /** Carries it out. Rejects as `Executor.execute` does. */
  execute(
    binding: BindingView,
    action: A,
    hands: Hands,
    context: ActionContext,
  ): Promise<ActionOutcome>;
}

/** One object of the binding's namespace. */
export interface Subject {
  readonly kind: "binding" | "secret" | "serviceAccount";
  readonly name: string;
}

/** A field as FieldsV1 spells it (structured-merge-diff), one member for each step. */
export type FieldPath = readonly string[];

/** A place in the cluster, and the state into which a write puts it, in words of their own. */
export interface Mark {
  readonly place: string;
  readonly state: string;
}

/** By what actions are carried out. */
export interface Hands {
  readonly bindings: BindingWriter;
  readonly secrets: Secrets;
  readonly serviceAccounts: ServiceAccountWriter;
  readonly mint: (request: CredentialRequest, need: Need) => Promise<Credential>;
  readonly caches: Pick<CacheWriters, "bindings" | "serviceAccounts">;
  readonly clock: Clock;
}

/** What an action may end early by, and whose place it holds. */
export interface ActionContext {
  readonly signal: AbortSignal;
  readonly slot: Slot;
}

/** What carrying out an action told. */
export interface ActionOutcome {
  /** What reading a Secret told. */
  readonly inspection?: Inspection;
  /** Of the credential that was minted. */
  readonly lifetime?: Lifetime;
  /** What minting fell short of. */
  readonly shortfall?: Shortfall;
}

/**
 * Azure granted less than was asked for. What came is in the Secret, unless what was there does as
 * well or better.
 */
export interface Shortfall {
  readonly error: AzureError;
  /** The Secret with what came. */
  readonly written?: SecretState;
}

/** What most actions tell: nothing but that they were carried out. */
export const NOTHING: ActionOutcome = {};
