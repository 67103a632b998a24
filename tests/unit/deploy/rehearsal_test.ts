import assert from "node:assert/strict";
import { installation } from "../../../deploy/manifests/installation.ts";
import { DEFAULTS } from "../../../deploy/manifests/settings.ts";
import { rehearse } from "../../../deploy/rehearsal.ts";
import type { RequestOptions, RestClient } from "../../../src/kubernetes/contract.ts";
import { ApiError } from "../../../src/kubernetes/errors.ts";

const options = { force: false, signal: new AbortController().signal };

/** A cluster that has nothing yet, takes everything, and answers some paths otherwise. */
function cluster(answer: (path: string) => Error | undefined): RestClient {
  const performRequest = ({ path, method, bodyJson }: RequestOptions) => {
    const error = answer(path) ?? (method === "GET" ? failure(404, "NotFound", "x") : undefined);
    return error === undefined ? Promise.resolve(bodyJson) : Promise.reject(error);
  };
  return {
    performRequest: performRequest as (opts: RequestOptions) => Promise<never>,
    [Symbol.dispose]() {},
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
