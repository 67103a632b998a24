import { AzureError, type AzureFailure } from "../../../src/azure/errors.ts";
import {
  type BindingView,
  type Condition,
  parseBindingKey,
} from "../../../src/controller/binding/view.ts";
import type { Action } from "../../../src/controller/plan/actions.ts";
import { refreshAt } from "../../../src/controller/plan/schedule.ts";
import { Reconciler } from "../../../src/controller/reconciler.ts";
import type { ReconcileReport } from "../../../src/controller/report.ts";
import type { ApiError } from "../../../src/kubernetes/http/errors.ts";
import { CLIENT_ID, SERVER } from "./builders.ts";
import { NAMESPACE, Rig, V1 } from "./rig.ts";

export const KEY = `v1beta1/${NAMESPACE}/pull`;
export const SECRET = "pull-msi-acrpull-secret";
export const BINDING_PATH =
  `/apis/msi-acrpull.microsoft.com/v1beta1/namespaces/${NAMESPACE}/acrpullbindings/pull`;
export const SECRET_PATH = `/api/v1/namespaces/${NAMESPACE}/secrets/${SECRET}`;
export const ACCOUNT_PATH = `/api/v1/namespaces/${NAMESPACE}/serviceaccounts/default`;

export interface Status {
  readonly error?: string;
  readonly conditions: Condition[];
}

/** A reconciler over an API server that has a binding and its account. */
export class ReconcilerRig extends Rig {
  readonly told: string[] = [];
  readonly stop = new AbortController();
  reconciler: Reconciler;
  readonly report = this.#report();
  random = 0.5;
  /** By how much the reconciler's wall clock has been set. */
  offsetMs = 0;

  constructor(readsSecretsByName = false) {
    super(readsSecretsByName);
    this.apply({
      ...V1,
      metadata: { name: "pull" },
      spec: { acrServer: SERVER, managedIdentityClientID: CLIENT_ID },
    });
    // Of an account that was made without any field of its own managedFields tell nothing.
    const annotations = { "example.com/owner": "team-a" };
    const metadata = { name: "default", annotations };
    this.apply({ apiVersion: "v1", kind: "ServiceAccount", metadata });
    this.reconciler = this.#newReconciler();
  }

  #newReconciler(): Reconciler {
    return new Reconciler({
      cluster: this.cluster,
      executor: this.executor,
      keepsConditions: () => true,
      readsSecretsByName: this.readsSecretsByName,
      clock: this.time.skewed(() => this.offsetMs),
      random: () => this.random,
      report: this.report,
    });
  }

  /** Works on the binding as one who remembers nothing of it. */
  async reconcileAnew(key = KEY): Promise<number | undefined> {
    this.reconciler = this.#newReconciler();
    return await this.reconcile(key);
  }

  /** Works on the binding. Answers in how many milliseconds to come back. */
  async reconcile(key = KEY): Promise<number | undefined> {
    const { signal } = this.stop;
    const slot = {
      outside: <T>(wait: () => Promise<T>) => wait(),
      caughtUp: () => {},
      moved: () => {},
    };
    const wakeAt = await this.reconciler.reconcile(key, { signal, slot });
    return wakeAt === undefined ? undefined : wakeAt - this.time.clock.now();
  }

  /** In how many milliseconds the credential that is there is to be refreshed. */
  refreshIn(): number {
    const { annotations = {} } = this.secret(SECRET)!.metadata;
    const refreshedAt = Date.parse(annotations["acr.microsoft.com/token.refresh"]!);
    const expiresAt = Date.parse(annotations["acr.microsoft.com/token.expiry"]!);
    const { rotation, uid } = this.cluster.view(parseBindingKey(KEY))!;
    return refreshAt({ refreshedAt, expiresAt }, rotation, uid) - this.time.clock.now();
  }

  /** Lets the time pass until the credential is due for its successor. */
  async passUntilRefresh(): Promise<void> {
    await this.time.pass(Math.ceil(this.refreshIn()));
  }

  status(): Status {
    return this.get<{ status: Status }>(V1, "pull")!.status;
  }

  ready(): Condition {
    return this.status().conditions.find(({ type }) => type === "Ready")!;
  }

  references(): (string | undefined)[] {
    return (this.account("default")?.imagePullSecrets ?? []).map(({ name }) => name);
  }

  #report(): ReconcileReport {
    const tell = (what: string) => (_: BindingView, action: Action, error?: unknown) => {
      const why = error instanceof Error
        ? ` ${(error as Error & { reason?: string }).reason ?? error.name}`
        : "";
      this.told.push(`${what} ${action.kind}${why}`);
    };
    return {
      acted: tell("acted"),
      raced: tell("raced"),
      failed: (_, action, error, { failures, retryAt }) => {
        const inMs = retryAt - this.time.clock.now();
        const { reason, name } = error as { reason?: string; name: string };
        const why = reason ?? (name === "AzureError" ? "azure" : name);
        this.told.push(`failed ${action.kind} ${why} ${failures} in ${inMs}`);
      },
      shortened: (_, error) => void this.told.push(`shortened ${(error as ApiError).code}`),
      otherAudience: () => {},
      reconciled: (_, result) => void this.told.push(result),
      broke: (_, error, { failures, retryAt }) => {
        const inMs = retryAt - this.time.clock.now();
        this.told.push(`broke ${(error as Error).message} ${failures} in ${inMs}`);
      },
      conditions: () => {},
      gone: () => void this.told.push("gone"),
    };
  }
}

export function azureError(change: Partial<AzureFailure> = {}): AzureError {
  return new AzureError({
    endpoint: "imds",
    host: "IMDS",
    class: "transient",
    reason: "Timeout",
    problem: "IMDS did not answer within 15 s",
    remedy: "Wait.",
    ...change,
  });
}
