import { optional } from "../runtime/optional.ts";
import { cut, cutMiddle } from "../runtime/text/cut.ts";
import { AzureError } from "../azure/errors.ts";
import { ApiError, isNamespaceTerminating } from "../kubernetes/http/errors.ts";
import { LONGEST_MESSAGE } from "../kubernetes/events/event.ts";
import type { EventRecorder } from "../kubernetes/events/recorder.ts";
import type { InformerReport } from "../kubernetes/informer/informer.ts";
import type { Clock } from "../runtime/time/clock.ts";
import type { Instruments } from "../telemetry/metrics/instruments.ts";
import type { Logger } from "../telemetry/log/logger.ts";
import {
  type ApiName,
  type BindingId,
  type BindingStatus,
  type BindingView,
  parseBindingKey,
} from "./binding/view.ts";
import { handlerOf } from "./execute/actions/all.ts";
import { describeFailure } from "./failure.ts";
import type { Action } from "./plan/actions.ts";
import type { ActedBinding, NextAttempt, ReconcileReport } from "./report.ts";
import { maskSecrets } from "../runtime/masking/mask.ts";

/** Where a report goes. */
export interface TelemetryReportOptions {
  readonly log: Logger;
  readonly instruments: Instruments;
  readonly events: Pick<EventRecorder, "record">;
  readonly clock: Pick<Clock, "now">;
}

/** Reports to the log, a line a decision, to the metrics, and by Events what users must know. */
export class TelemetryReport implements ReconcileReport {
  readonly #log: Logger;
  readonly #instruments: Instruments;
  readonly #events: Pick<EventRecorder, "record">;
  readonly #clock: Pick<Clock, "now">;

  constructor({ log, instruments, events, clock }: TelemetryReportOptions) {
    this.#log = log;
    this.#instruments = instruments;
    this.#events = events;
    this.#clock = clock;
  }

  acted(binding: ActedBinding, action: Action): void {
    const { done, details } = handlerOf(action);
    this.#log.info(done, { ...identify(binding), ...details(binding, action) });
    this.#instruments.actions.inc({ api: binding.api, action: action.kind, result: "ok" });
    if (action.kind === "mint") this.#minted(action, "ok");
    if (action.kind === "writeStatus") this.#tellUsers(binding, action.status);
  }

  raced(binding: BindingView, action: Action, error: unknown): void {
    this.#log.debug("somebody else wrote first; deciding again", {
      ...identify(binding),
      action: action.kind,
      error,
    });
  }

  failed(binding: BindingView, action: Action, error: unknown, next: NextAttempt): void {
    if (isNamespaceTerminating(error)) return this.#ending(binding, action, next.retryAt);
    this.#log.warn("attempt failed", {
      ...identify(binding),
      action: action.kind,
      failures: next.failures,
      retryInSeconds: this.#secondsUntil(next.retryAt),
      ...facts(error),
      error: error instanceof Error ? error.message : String(error),
    });
    this.#instruments.actions.inc({ api: binding.api, action: action.kind, result: "failed" });
    // What the binding itself cannot say is said about it.
    if (action.kind === "writeStatus") {
      this.#tellUsers(binding, action.status);
      if (next.failures === 1) this.#tellUntold(binding, action, error);
    }
    if (action.kind === "mint") {
      this.#minted(action, error instanceof AzureError ? error.failure.class : "kubernetes");
    }
  }

  otherAudience(binding: BindingView, audience: string): void {
    this.#log.warn("the token in the Secret names another registry", {
      ...identify(binding),
      audience,
    });
  }

  shortened(binding: BindingView, error: unknown): void {
    this.#log.warn("status was refused, and is told shorter", {
      ...identify(binding),
      ...facts(error),
      error: error instanceof Error ? error.message : String(error),
    });
  }

  reconciled({ api }: BindingId, result: "settled" | "failed", durationMs: number): void {
    this.#instruments.reconciles.inc({ api, result });
    this.#instruments.reconcileSeconds.observe({ api }, durationMs / 1000);
  }

  broke(id: BindingId, error: unknown, next: NextAttempt): void {
    this.#log.error("working on binding met a mistake of the operator's own; the others go on", {
      ...identify(id),
      failures: next.failures,
      retryInSeconds: this.#secondsUntil(next.retryAt),
      error,
    });
  }

  conditions(api: ApiName, kept: boolean): void {
    if (kept) {
      return this.#log.info("the CRD keeps conditions, which are written from now on", { api });
    }
    this.#log.warn(
      "the CRD has no conditions, so that bindings tell their state by the reference's fields " +
        "alone: apply this release's CRDs to have conditions",
      { api },
    );
  }

  gone(key: string): void {
    this.#log.debug("binding is gone", identify(parseBindingKey(key)));
  }

  /** What to tell of one cache. Its `crd` may be missing; the operator then serves the others. */
  informer(resource: string, crd?: string): InformerReport {
    const log = this.#log.with({ resource });
    let wasServed = false;
    return {
      stateChanged: (state, reason, previous) => {
        wasServed ||= previous === "synced";
        if (state === "absent" && crd !== undefined) {
          log.warn(withoutCrd(crd, wasServed), { state, reason });
        } else if (state !== "synced") {
          log.warn("cache is not in step with the API server", { state, reason });
        } else if (previous === "absent" && crd !== undefined) {
          log.info(`the CRD ${crd} is installed, and its bindings are served`, { previous });
        } else log.info("cache is in step with the API server", { previous });
      },
      failed: (error, { retryInMs, failures }) => {
        this.#instruments.watchRestarts.inc({ resource });
        const tell = failures === 1 || failures % 10 === 0 ? log.warn : log.debug;
        tell("list or watch failed", {
          failures,
          retryInSeconds: Math.round(retryInMs / 100) / 10,
          error: error.message,
        });
      },
      callbackFailed: (error) => log.error("taking in a change failed", { error }),
    };
  }

  /** What users wish for is no failure. */
  #ending(binding: BindingView, action: Action, retryAt: number): void {
    this.#log.info("namespace is being deleted, so that nothing is made in it any more", {
      ...identify(binding),
      action: action.kind,
      retryInSeconds: this.#secondsUntil(retryAt),
    });
  }

  #secondsUntil(moment: number): number {
    return Math.round((moment - this.#clock.now()) / 1000);
  }

  /** A credential that comes and goes as it should is no news; each Event is one write more. */
  #tellUsers(binding: ActedBinding, status: BindingStatus): void {
    const before = binding.status.error ?? "";
    const now = status.error ?? "";
    const ready = status.conditions?.find(({ type }) => type === "Ready");
    if (now === before || ready === undefined) return;
    const type = now === "" ? "Normal" : "Warning";
    const subject = { ...binding, kind: "AcrPullBinding" };
    // An Event has less room than the status, and the remedy stands at the end.
    this.#events.record(subject, type, ready.reason, cutMiddle(ready.message, LONGEST_MESSAGE));
  }

  /** The status is stale from now on, whatever it says. */
  #tellUntold(binding: BindingView, action: Action, error: unknown): void {
    const { message } = describeFailure(binding, action, error);
    const subject = { ...binding, kind: "AcrPullBinding" };
    const told = cutMiddle(message, LONGEST_MESSAGE);
    this.#events.record(subject, "Warning", "StatusNotWritten", told);
  }

  #minted({ request }: Extract<Action, { kind: "mint" }>, result: string): void {
    const kind = request.identity.kind === "managedIdentity"
      ? "managed_identity"
      : "workload_identity";
    this.#instruments.mints.inc({ kind, result });
  }
}

function withoutCrd(crd: string, wasServed: boolean): string {
  return wasServed
    ? `the CRD ${crd} was removed, and its bindings with it: apply deploy/latest/crd.yaml and ` +
      "the bindings again, unless that was meant"
    : `the CRD ${crd} is not installed, so that its bindings are not served: apply ` +
      "deploy/latest/crd.yaml to use that API";
}

function identify({ namespace, name, api }: BindingId): Record<string, unknown> {
  return { namespace, name, api };
}

/** What is told of a text that others wrote. */
const LONGEST_FOREIGN = 300;

function foreign(text: string): string {
  return cut(maskSecrets(text), LONGEST_FOREIGN);
}

/** What only a log needs: it changes with every call. */
function facts(error: unknown): Record<string, unknown> {
  if (error instanceof AzureError) {
    const { endpoint, host, status, requestId, class: failureClass } = error.failure;
    const cause = error.cause instanceof Error ? { cause: foreign(error.cause.message) } : {};
    const named = optional("requestId", requestId === undefined ? undefined : foreign(requestId));
    return { endpoint, host, status, ...named, class: failureClass, ...cause };
  }
  if (error instanceof ApiError) return { code: error.code, reason: error.reason };
  return {};
}
