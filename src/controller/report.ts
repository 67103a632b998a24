import type { ApiName, BindingBasics, BindingId, BindingView } from "./binding/view.ts";
import type { Action } from "./plan/actions.ts";

/** The Secret is known only where the spec is understood, without which none is written. */
export type ActedBinding = BindingBasics & Partial<Pick<BindingView, "secretName">>;

/** When what failed is tried again. */
export interface NextAttempt {
  /** Failures in a row, this one included. */
  readonly failures: number;
  /** Milliseconds since the epoch. */
  readonly retryAt: number;
}

/** What is told of reconciling, for logs, metrics and Events. */
export interface ReconcileReport {
  /** An action was carried out. */
  acted(binding: ActedBinding, action: Action): void;
  /** An action met something newer than what it was decided on, and is decided anew. */
  raced(binding: BindingView, action: Action, error: unknown): void;
  /** An attempt failed. */
  failed(binding: BindingView, action: Action, error: unknown, next: NextAttempt): void;
  /** Something threw while the binding was read or planned: the operator's own mistake. */
  broke(id: BindingId, error: unknown, next: NextAttempt): void;
  /** The API server refused what a status told, which is told shorter. */
  shortened(binding: BindingView, error: unknown): void;
  /** A token in the binding's Secret names another registry than its own, and serves all the same. */
  otherAudience(binding: BindingView, audience: string): void;
  /** The work on one binding has ended, for now. */
  reconciled(id: BindingId, result: "settled" | "failed", durationMs: number): void;
  /** The API has begun to prune conditions from statuses, or to keep them. */
  conditions(api: ApiName, kept: boolean): void;
  /** The binding is gone. */
  gone(key: string): void;
}
