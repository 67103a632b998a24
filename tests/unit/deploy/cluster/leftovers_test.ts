import assert from "node:assert/strict";
import { deleteLeftover, findLeftovers, toldOf } from "../../../../deploy/cluster/leftovers.ts";
import { everything, installation } from "../../../../deploy/manifests/installation.ts";
import { DEFAULTS } from "../../../../deploy/manifests/settings.ts";
import type {
  JSONObject,
  RequestOptions,
  RestClient,
} from "../../../../src/kubernetes/http/contract.ts";
import { ApiError } from "../../../../src/kubernetes/http/errors.ts";

const { signal } = new AbortController();
const POLICIES = "/apis/networking.k8s.io/v1/networkpolicies";

/** A cluster of which only the lists of some kinds are known, and no other kind is served. */
function cluster(lists: Readonly<Record<string, JSONObject>>): [RestClient, RequestOptions[]] {
  const asked: RequestOptions[] = [];
  const performRequest = (request: RequestOptions) => {
    asked.push(request);
    const list = lists[request.path];
    if (list !== undefined) return Promise.resolve(list);
    const init = { code: 404, reason: "NotFound", message: "404", details: { causes: [] } };
    return Promise.reject(new ApiError(init));
  };
  const rest = {
    performRequest: performRequest as (opts: RequestOptions) => Promise<never>,
  };
  return [rest, asked];
}

function policies(...items: JSONObject[]): Readonly<Record<string, JSONObject>> {
  return { [POLICIES]: { apiVersion: "networking.k8s.io/v1", items } };
}

function policy(applier: string, name: string, more: JSONObject = {}): JSONObject {
  const [manager, operation] = applier.split("/");
  const managedFields = [{ manager: manager!, operation: operation! }];
  return { metadata: { name, namespace: "a", uid: `uid of ${name}`, managedFields, ...more } };
}

const OURS = "msi-acrpull-controller-manager";
const CASES: readonly [string, JSONObject, boolean][] = [
  ["applied by this task", policy("msi-acrpull-deploy/Apply", OURS), true],
  ["applied by this task under a name of old", policy("msi-acrpull-deploy/Apply", "old"), true],
  ["applied by kubectl", policy("kubectl-client-side-apply/Update", OURS), true],
  ["applied by kubectl, server-side", policy("kubectl/Apply", OURS), true],
  ["applied by kubectl under another name", policy("kubectl/Apply", "of-ones-own"), false],
  ["edited with kubectl", policy("kubectl-edit/Update", OURS), false],
  ["applied by a GitOps controller", policy("argocd-controller/Apply", OURS), false],
  [
    "taken over by Helm",
    policy("msi-acrpull-deploy/Apply", OURS, {
      annotations: { "meta.helm.sh/release-name": "msi-acrpull" },
    }),
    false,
  ],
  [
    "owned by another object",
    policy("msi-acrpull-deploy/Apply", OURS, { ownerReferences: [{ name: "b" }] }),
    false,
  ],
  ["without anybody's name", { metadata: { name: OURS, namespace: "a" } }, false],
];

for (const [name, object, expected] of CASES) {
  Deno.test(`${expected ? "left over" : "not ours"} is what was ${name}`, async () => {
    const [rest] = cluster(policies(object));
    const found = await findLeftovers(rest, installation(DEFAULTS), signal);
    const told = `leftover  a NetworkPolicy/${(object.metadata as { name: string }).name}`;
    assert.deepEqual(found.map((leftover) => toldOf(leftover, false)), expected ? [told] : []);
  });
}

Deno.test("what is installed is not left over, nor are CRDs and namespaces asked for", async () => {
  const [rest, asked] = cluster(policies(
    policy("msi-acrpull-deploy/Apply", OURS, { namespace: DEFAULTS.namespace }),
  ));
  assert.deepEqual(await findLeftovers(rest, installation(DEFAULTS), signal), []);
  const lists = asked.map(({ path }) => path.split("/").at(-1));
  assert.deepEqual(lists, [
    "deployments",
    "services",
    "networkpolicies",
    "rolebindings",
    "roles",
    "clusterrolebindings",
    "clusterroles",
    "validatingadmissionpolicybindings",
    "validatingadmissionpolicies",
    "serviceaccounts",
  ]);
  assert.ok(
    asked.every(({ querystring }) =>
      querystring!.get("labelSelector") === "app.kubernetes.io/name=msi-acrpull"
    ),
  );
});

Deno.test("a leftover is deleted as it was found, and may have gone meanwhile", async () => {
  const [rest, asked] = cluster(policies(policy("msi-acrpull-deploy/Apply", "old")));
  const [leftover] = await findLeftovers(rest, installation(DEFAULTS), signal);
  await deleteLeftover(rest, leftover!, signal);
  const { method, path, bodyJson } = asked.at(-1)!;
  assert.deepEqual({ method, path, bodyJson }, {
    method: "DELETE",
    path: "/apis/networking.k8s.io/v1/namespaces/a/networkpolicies/old",
    bodyJson: { propagationPolicy: "Background", preconditions: { uid: "uid of old" } },
  });
});

Deno.test("everything is every object that any setting installs", () => {
  const names = new Set(everything().map(({ kind, metadata }) => `${kind}/${metadata.name}`));
  assert.equal(names.size, everything().length);
  const settings = { ...DEFAULTS, secretAccess: "get", tenantPolicy: true } as const;
  for (const { kind, metadata } of installation(settings)) {
    assert.ok(names.has(`${kind}/${metadata.name}`), metadata.name);
  }
});
