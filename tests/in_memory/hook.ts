import type { ApiServer } from "../sandbox/api_server.ts";
import { type Admission, asWebhook } from "../sandbox/kubernetes/admission.ts";
import { type AdmissionHook, WEBHOOK } from "../suites/admission_hook.ts";
import { InMemoryApiServer } from "./gate.ts";

/** The API server in memory asks its hook in this process. Each test has a server of its own. */
export function hookIntoMemory(api: ApiServer): Promise<AdmissionHook> {
  if (!(api instanceof InMemoryApiServer)) throw new TypeError(`${api.name} is not in memory`);
  const admit = (admission: Admission) => api.kubernetes.admit(asWebhook(WEBHOOK, admission));
  const hook: AdmissionHook = {
    admit,
    [Symbol.asyncDispose]: () => Promise.resolve(admit({})),
  };
  return Promise.resolve(hook);
}
