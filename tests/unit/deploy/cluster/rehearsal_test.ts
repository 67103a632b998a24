import assert from "node:assert/strict";
import { installation } from "../../../../deploy/manifests/installation.ts";
import { DEFAULTS } from "../../../../deploy/manifests/settings.ts";
import { rehearse } from "../../../../deploy/cluster/rehearsal.ts";
import type {
  JSONObject,
  RequestOptions,
  RestClient,
} from "../../../../src/kubernetes/http/contract.ts";
import { ApiError } from "../../../../src/kubernetes/http/errors.ts";

const options = { force: false, signal: new AbortController().signal };

/** A cluster that has `stored` at most, takes everything, and answers some paths otherwise. */
function cluster(answer: (path: string) => Error | undefined, stored?: JSONObject): RestClient {
  const performRequest = ({ path, method, bodyJson }: RequestOptions) => {
    if (method === "GET" && stored !== undefined) return Promise.resolve(stored);
    const error = answer(path) ?? (method === "GET" ? failure(404, "NotFound", "x") : undefined);
    return error === undefined ? Promise.resolve(bodyJson) : Promise.reject(error);
  };
  return {
    performRequest: performRequest as (opts: RequestOptions) => Promise<never>,
  };
}

function failure(code: number, reason: string, name?: string): ApiError {
  const details = { causes: [], ...(name === undefined ? {} : { name }) };
  return new ApiError({ code, reason, message: `${code} ${reason}`, details });
}

Deno.test("an API server without admission policies is told of once, with the remedy", async () => {
  // A Kubernetes before 1.30 knows the group, but not the resource in v1.
  const old = cluster((path) =>
    path.includes("validatingadmissionpolic") ? failure(404, "NotFound") : undefined
  );
  const remedy = "Kubernetes has it from 1.30 on, and --policies=false --workload-identity=false " +
    "without --tenant-policy leaves it out.";
  const api = "admissionregistration.k8s.io/v1";
  const { applied, problems } = await rehearse(old, installation(DEFAULTS), options);
  assert.deepEqual(problems, [
    `The API server does not serve ValidatingAdmissionPolicy of ${api}: ${remedy}`,
    `The API server does not serve ValidatingAdmissionPolicyBinding of ${api}: ${remedy}`,
  ]);
  assert.equal(applied.length, installation({ ...DEFAULTS, policies: false }).length);
});

Deno.test("what the API server refuses is told with the object's name, and the rest tried", async () => {
  const strict = cluster((path) =>
    path.includes("networkpolicies") ? failure(403, "Forbidden", "x") : undefined
  );
  const { applied, problems } = await rehearse(strict, installation(DEFAULTS), options);
  assert.deepEqual(problems, [
    "msi-acrpull-system NetworkPolicy/msi-acrpull-controller-manager: 403 Forbidden",
  ]);
  assert.equal(applied.length, installation(DEFAULTS).length - 1);
});

const THEIRS = "Namespace/msi-acrpull-system is there already and no part of an installation: to " +
  "uninstall would delete it with everything in it. Give --create-namespace=false to leave it as " +
  "it is, or another --namespace.";

const NAMESPACES: readonly [string, JSONObject, readonly string[]][] = [
  ["without labels is another's", {}, [THEIRS]],
  ["with labels of others is another's", { labels: { "app.kubernetes.io/name": "x" } }, [THEIRS]],
  [
    "that others have applied is another's",
    { managedFields: [{ manager: "kubectl", operation: "Apply" }] },
    [THEIRS],
  ],
  [
    "that was edited in this task's name is another's",
    { managedFields: [{ manager: "msi-acrpull-deploy", operation: "Update" }] },
    [THEIRS],
  ],
  [
    "of another name with the first release's label is another's",
    { name: "operators", labels: { "control-plane": "controller-manager" } },
    [THEIRS],
  ],
  ["with our label is ours", { labels: { "app.kubernetes.io/name": "msi-acrpull" } }, []],
  ["of the first release is ours", { labels: { "control-plane": "controller-manager" } }, []],
  [
    "that this task has applied is ours",
    { managedFields: [{ manager: "msi-acrpull-deploy", operation: "Apply" }] },
    [],
  ],
];

for (const [name, more, expected] of NAMESPACES) {
  for (const force of [false, true]) {
    Deno.test(`a namespace ${name}${force ? ", also by force" : ""}`, async () => {
      const metadata = { name: DEFAULTS.namespace, ...more };
      const rest = cluster(() => undefined, { apiVersion: "v1", kind: "Namespace", metadata });
      const { problems } = await rehearse(rest, [installation(DEFAULTS)[0]!], {
        ...options,
        force,
      });
      assert.deepEqual(problems, expected);
    });
  }
}

Deno.test("a namespace that is not to be made has to be there", async () => {
  const details = { kind: "namespaces", name: DEFAULTS.namespace, causes: [] };
  const none = cluster((path) =>
    path.includes("/namespaces/")
      ? new ApiError({ code: 404, reason: "NotFound", message: "404", details })
      : undefined
  );
  const settings = { ...DEFAULTS, createNamespace: false };
  const { problems } = await rehearse(none, installation(settings), options);
  assert.deepEqual(problems, [
    "Namespace/msi-acrpull-system is not there: create it, or leave out --create-namespace=false.",
  ]);
});

for (
  const [name, error] of [
    ["cannot be reached", new ApiError({ code: 0, reason: "Unreachable", message: "no route" })],
    ["does not know the user", failure(401, "Unauthorized")],
    ["is not to be asked any more", new DOMException("stopped", "AbortError")],
  ] as const
) {
  Deno.test(`nothing more is tried where the API server ${name}`, async () => {
    let asked = 0;
    const down = cluster(() => (asked += 1, error));
    await assert.rejects(rehearse(down, installation(DEFAULTS), options), error);
    assert.equal(asked, 1);
  });
}
