import type { ApiServer } from "../sandbox/api_server.ts";
import type { Admission } from "../sandbox/kubernetes/admission.ts";

/** By which a test has its say in every write to Secrets, ServiceAccounts and bindings. */
export interface AdmissionHook extends AsyncDisposable {
  /** From now on those pass through `admission`, in place of any other. */
  admit(admission: Admission): void;
}

/** Hooks into the admission of one namespace. */
export type HookInto = (api: ApiServer, namespace: string) => Promise<AdmissionHook>;

/** As which the hook denies. */
export const WEBHOOK = "others.example.com";
