import assert from "node:assert/strict";
import { faultOfClientId, faultOfTenant } from "../../../../src/azure/identity.ts";
import { APIS } from "../../../../src/controller/binding/apis.ts";
import {
  keepServiceAccount,
  pullSecretsOf,
  serviceAccountState,
  wholeOnly,
} from "../../../../src/controller/cluster/cached_service_account.ts";
import type { ServiceAccount } from "../../../../src/kubernetes/resources/built_in.ts";
import type { ObjectMeta, Stored } from "../../../../src/kubernetes/resources/resource_client.ts";

const keep = (account: Stored<ServiceAccount>) => keepServiceAccount(account, APIS);

const METADATA = { name: "s", namespace: "team-a", uid: "u", resourceVersion: "7" };

type ManagedFields = NonNullable<ObjectMeta["managedFields"]>;

const fields = (manager: string, fieldsV1: object): ManagedFields[number] => ({
  manager,
  operation: "Update",
  fieldsV1,
});
const DATA = { "f:data": { "f:.dockerconfigjson": {} } };
Deno.test("objects: of a ServiceAccount its references and its identity are kept", () => {
  const stored = {
    metadata: {
      ...METADATA,
      annotations: {
        "azure.workload.identity/client-id": "c",
        "azure.workload.identity/tenant-id": "t",
        app: "x",
      },
      managedFields: [fields("x", DATA)],
    },
    imagePullSecrets: [{ name: "b" }, {}, { name: "a" }, { name: "b" }],
    secrets: [{ name: "s" }],
  };
  const kept = keep(stored);
  assert.deepEqual(Object.keys(kept).sort(), ["imagePullSecrets", "metadata"]);
  assert.deepEqual(serviceAccountState(kept), {
    name: "s",
    uid: "u",
    pullSecrets: ["b", "a", "b"],
    clientId: "c",
    tenantId: "t",
  });
});

Deno.test("objects: a ServiceAccount without references and annotations has none", () => {
  const metadata = METADATA;
  const kept = keep({ metadata });
  assert.deepEqual(serviceAccountState(kept), { name: "s", uid: "u", pullSecrets: [] });
  assert.deepEqual(pullSecretsOf({ metadata }), []);
});

const huge = "x".repeat(256 * 1024);
const many = (prefix: string, count: number) =>
  [...Array(count).keys()].map((each) => `${prefix}${each}`);

Deno.test("objects: of a ServiceAccount that names many Secrets it is kept which of ours", () => {
  const imagePullSecrets = many("acr-pull-", 20_000).map((name) => ({ name }));
  const kept = keep({ metadata: METADATA, imagePullSecrets });
  const asked = ["acr-pull-7", "acr-pull-x", "acr-pull-16383"];
  assert.deepEqual(serviceAccountState(kept, asked).pullSecrets, ["acr-pull-7", "acr-pull-16383"]);
  assert.equal(wholeOnly(kept), undefined);
  assert.equal("imagePullSecrets" in kept, false);
  assert.equal(kept.crowd!.byteLength, 128 * 1024);
});

Deno.test("objects: of a ServiceAccount that names few the list is kept as it is", () => {
  const imagePullSecrets = many("theirs-", 32).map((name) => ({ name }));
  const kept = keep({ metadata: METADATA, imagePullSecrets });
  assert.equal(wholeOnly(kept), kept);
  assert.deepEqual(kept.imagePullSecrets, imagePullSecrets);
});

Deno.test("objects: whatever a ServiceAccount holds, few kilobytes of text are kept", () => {
  const account = {
    metadata: {
      ...METADATA,
      annotations: { "azure.workload.identity/client-id": huge, other: huge },
      labels: Object.fromEntries(many("label-", 5_000).map((name) => [name, "x"])),
      managedFields: many("manager-", 500).map((manager) => fields(manager, DATA)),
    },
    imagePullSecrets: [{ name: huge }, ...many("acr-pull-", 20_000).map((name) => ({ name }))],
    secrets: many("s", 20_000).map((name) => ({ name })),
  };
  const { crowd: _, ...kept } = keep(account);
  assert.ok(JSON.stringify(kept).length < 1_000, JSON.stringify(kept));
});

Deno.test("objects: an annotation that is too long is kept cut, and stays as wrong as it was", () => {
  const domain = `${"a.".repeat(130_000)}com`;
  const annotations = {
    "azure.workload.identity/client-id": huge,
    "azure.workload.identity/tenant-id": domain,
  };
  const kept = keep({ metadata: { ...METADATA, annotations } });
  const { clientId, tenantId } = serviceAccountState(kept);
  assert.deepEqual([clientId!.length, tenantId!.length], [320, 320]);
  assert.ok(faultOfClientId(clientId!) && faultOfTenant(tenantId!));
});
