import { sleep } from "../../src/runtime/time/clock.ts";
import type { StillRig } from "./still_rig.ts";

const SECOND = 1000;

/** What kube-apiserver answers where a webhook with `timeoutSeconds: 30` does not. */
const TIMED_OUT = {
  apiVersion: "v1",
  kind: "Status",
  status: "Failure",
  reason: "InternalError",
  code: 500,
  message: 'Internal error occurred: failed calling webhook "slow.example.com": failed to call ' +
    'webhook: Post "https://slow.example:443/?timeout=30s": context deadline exceeded',
};

/** Has what `meets` of writes meet a webhook that times out: updates of ServiceAccounts in `noisy`. */
export function hangWebhook(
  rig: StillRig,
  meets = ({ method, pathname }: { readonly method: string; readonly pathname: string }) =>
    method === "PATCH" && pathname.includes("/noisy/serviceaccounts/"),
): { readonly underWay: () => number } {
  let underWay = 0;
  rig.intercept = (request) => {
    const { method } = request;
    const { pathname } = new URL(request.url);
    if (method === "GET" || !meets({ method, pathname })) return undefined;
    underWay++;
    return sleep(rig.time.clock, 30 * SECOND, request.signal)
      .then(() => Response.json(TIMED_OUT, { status: 500 }))
      .finally(() => underWay--);
  };
  return { underWay: () => underWay };
}
