import assert from "node:assert/strict";
import { GADGETS, WIDGETS } from "./contract/fixtures.ts";
import type { JsonObject } from "./model/json.ts";
import { InMemoryKubernetes } from "./server.ts";
import { askOk, send } from "./testing.ts";

const AGGREGATED = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";

type Named = { name: string; verbs: string[] };

async function legacyResources(api: InMemoryKubernetes): Promise<string[]> {
  const groups = await askOk(api, "/apis") as unknown as {
    groups: { preferredVersion: { groupVersion: string } }[];
  };
  const paths = [
    "/api/v1",
    ...groups.groups.map((g) => `/apis/${g.preferredVersion.groupVersion}`),
  ];
  const lists = await Promise.all(paths.map((path) => askOk(api, path)));
  return lists.flatMap(({ groupVersion, resources }) =>
    (resources as unknown as Named[]).map(({ name, verbs }) => `${groupVersion} ${name} ${verbs}`)
  );
}

type Aggregated = {
  metadata: { name?: string };
  versions: {
    version: string;
    resources: {
      resource: string;
      verbs: string[];
      subresources?: { subresource: string; verbs: string[] }[];
    }[];
  }[];
};

async function aggregatedResources(api: InMemoryKubernetes): Promise<string[]> {
  const documents = await Promise.all(
    ["/api", "/apis"].map((path) => askOk(api, path, { accept: AGGREGATED })),
  );
  const groups = documents.flatMap((document) => document.items as unknown as Aggregated[]);
  return groups.flatMap(({ metadata, versions }) =>
    versions.flatMap(({ version, resources }) => {
      const prefix = metadata.name === undefined ? version : `${metadata.name}/${version}`;
      return resources.flatMap(({ resource, verbs, subresources = [] }) => [
        `${prefix} ${resource} ${verbs}`,
        ...subresources.map((below) => `${prefix} ${resource}/${below.subresource} ${below.verbs}`),
      ]);
    })
  );
}

Deno.test("both forms of discovery name the same resources", async () => {
  const api = new InMemoryKubernetes({ crds: [WIDGETS, GADGETS] });
  const legacy = await legacyResources(api);
  assert.deepEqual(await aggregatedResources(api), legacy);
  const names = legacy.map((line) => line.split(" ").slice(0, 2).join(" "));
  assert.deepEqual(names.filter((name) => name.includes("contract.example")), [
    "contract.example/v1 widgets",
    "contract.example/v1 widgets/status",
    "contract.example/v1 gadgets",
  ]);
  assert.ok(names.includes("v1 serviceaccounts/token"));
});

Deno.test("aggregated discovery is answered with its own content type", async () => {
  const response = await send(new InMemoryKubernetes(), "/apis", { accept: AGGREGATED });
  await response.body?.cancel();
  assert.equal(response.headers.get("content-type"), AGGREGATED);
});

Deno.test("OpenAPI tells how lists merge, and which patches a kind takes", async () => {
  const api = new InMemoryKubernetes({ crds: [WIDGETS] });
  const core = await askOk(api, "/openapi/v3/api/v1") as unknown as {
    components: { schemas: Record<string, { properties: Record<string, JsonObject> }> };
    paths: Record<string, { patch: { requestBody: { content: JsonObject } } }>;
  };
  const account = core.components.schemas["io.k8s.api.core.v1.ServiceAccount"]!.properties;
  assert.equal(account.secrets!["x-kubernetes-patch-merge-key"], "name");
  assert.deepEqual(
    [account.imagePullSecrets!["x-kubernetes-list-type"], account.metadata],
    ["atomic", { $ref: "#/components/schemas/io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta" }],
  );
  const patch = core.paths["/api/v1/namespaces/{namespace}/serviceaccounts/{name}"]!.patch;
  assert.deepEqual(Object.keys(patch.requestBody.content), [
    "application/json-patch+json",
    "application/merge-patch+json",
    "application/strategic-merge-patch+json",
    "application/apply-patch+yaml",
  ]);
});

Deno.test("the index of OpenAPI documents leads to documents without private fields", async () => {
  const api = new InMemoryKubernetes({ crds: [WIDGETS, GADGETS] });
  const index = await askOk(api, "/openapi/v3") as unknown as {
    paths: Record<string, { serverRelativeURL: string }>;
  };
  assert.deepEqual(Object.keys(index.paths), [
    "api/v1",
    "apis/coordination.k8s.io/v1",
    "apis/apiextensions.k8s.io/v1",
    "apis/contract.example/v1",
  ]);
  for (const { serverRelativeURL } of Object.values(index.paths)) {
    const text = JSON.stringify(await askOk(api, serverRelativeURL));
    assert.doesNotMatch(text, /"(ref|pointer|emit|micro)":/);
  }
});
