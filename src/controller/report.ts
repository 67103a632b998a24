import type { ApiName, BindingId, BindingView } from "./binding/view.ts";
import type { Action } from "./plan/actions.ts";

/** What is told of reconciling, for logs, metrics and Events. */
export interface ReconcileReport {
  /** An action was carried out. */
  acted(binding: BindingView, action: Action): void;
  /** An action met something newer than what it was decided on, and is decided anew. */
  raced(binding: BindingView, action: Action, error: unknown): void;
  /** An attempt failed. `retryAt` is in milliseconds since the epoch. */
  failed(
    binding: BindingView,
    action: Action,
    error: unknown,
    next: { readonly failures: number; readonly retryAt: number },
  ): void;
  /** The API server refused what a status told, which is told shorter. */
  shortened(binding: BindingView, error: unknown): void;
  /** A token in the binding's Secret names another registry than its own, and serves all the same. */
  otherAudience(binding: BindingView, audience: string): void;
  /** The work on one binding has ended, for now. */
  reconciled(id: BindingId, result: "settled" | "failed", durationMs: number): void;
  /** Others keep undoing what is done. */
  unsettled(key: string, id: BindingId, retryAt: number): void;
  /** The API has begun to prune conditions from statuses, or to keep them. */
  conditions(api: ApiName, kept: boolean): void;
  /** The binding is gone. */
  gone(key: string): void;
}
