import assert from "node:assert/strict";
import { parse } from "yaml";
import { ApiError } from "../../src/kubernetes/http/errors.ts";
import { e2e } from "./servers/gate.ts";
import { guideBlock } from "./servers/guide.ts";
import { installCrds } from "./servers/manifests.ts";

interface Quota {
  readonly spec: { readonly hard: Readonly<Record<string, string>> };
}

const V1 = { acrServer: "bench.azurecr.io", managedIdentityClientID: "x" };
const V2 = {
  acr: { server: "bench.azurecr.io", scope: "repository:app:pull", environment: "PublicCloud" },
  auth: { workloadIdentity: { serviceAccountRef: "default" } },
  serviceAccountName: "default",
};

/** What each count of the guide's quota is of. */
const COUNTED: Readonly<Record<string, { readonly path: string; readonly object: object }>> = {
  "count/serviceaccounts": {
    path: "/api/v1",
    object: { apiVersion: "v1", kind: "ServiceAccount" },
  },
  "count/secrets": { path: "/api/v1", object: { apiVersion: "v1", kind: "Secret" } },
  "count/acrpullbindings.msi-acrpull.microsoft.com": {
    path: "/apis/msi-acrpull.microsoft.com/v1beta1",
    object: {
      apiVersion: "msi-acrpull.microsoft.com/v1beta1",
      kind: "AcrPullBinding",
      spec: V1,
    },
  },
  "count/acrpullbindings.acrpull.microsoft.com": {
    path: "/apis/acrpull.microsoft.com/v1beta2",
    object: { apiVersion: "acrpull.microsoft.com/v1beta2", kind: "AcrPullBinding", spec: V2 },
  },
};

e2e(
  "the guide's quota bounds how much a tenant makes of all that the operator follows",
  async (plane) => {
    await installCrds(plane);
    const quota = parse(guideBlock("resource-quota")) as Quota;
    const { hard } = quota.spec;
    assert.deepEqual(Object.keys(hard).sort(), Object.keys(COUNTED).sort());
    const namespace = `quota-${crypto.randomUUID().slice(0, 8)}`;
    const send = async (method: string, path: string, body: object) => {
      const contentType = method === "PATCH" ? "application/merge-patch+json" : "application/json";
      const response = await plane.adminFetch(path, {
        method,
        headers: { "content-type": contentType },
        body: JSON.stringify(body),
      });
      const answer = await response.json();
      if (!response.ok) throw ApiError.fromStatus(answer);
    };
    await send("POST", "/api/v1/namespaces", { metadata: { name: namespace } });
    const quotas = `/api/v1/namespaces/${namespace}/resourcequotas`;
    await send("POST", quotas, quota);
    // No controller manager runs here, which would count what is there at first.
    const used = Object.fromEntries(Object.keys(hard).map((name) => [name, "0"]));
    await send("PATCH", `${quotas}/acr-pull/status`, { status: { hard, used } });
    for (const [count, { path, object }] of Object.entries(COUNTED)) {
      const plural = count.slice("count/".length).split(".")[0]!;
      const create = (index: number) =>
        send("POST", `${path}/namespaces/${namespace}/${plural}`, {
          ...object,
          metadata: { name: `one-${index}` },
        });
      await admitted(() => create(0));
      for (let index = 1; index < Number(hard[count]); index++) await create(index);
      await assert.rejects(create(Number(hard[count])), /exceeded quota: acr-pull/, count);
    }
  },
);

/** The server learns of a quota's status, and of a CRD to count, a moment later. */
async function admitted(create: () => Promise<void>): Promise<void> {
  for (let tries = 0;; tries++) {
    try {
      return await create();
    } catch (error) {
      if (tries === 20) throw error;
      await new Promise((resolve) => setTimeout(resolve, 500));
    }
  }
}
