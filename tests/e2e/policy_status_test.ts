import assert from "node:assert/strict";
import { eventually } from "../suites/eventually.ts";
import { OperatorRig, type RigOptions } from "../suites/operator_rig.ts";
import { V1 } from "../suites/v1beta1_objects.ts";
import { federatedBy, V2, WORKLOAD_IDENTITY } from "../suites/v1beta2_objects.ts";
import type { ControlPlane } from "./servers/control_plane.ts";
import { kubectl, kubectlOk } from "./servers/kubectl.ts";
import { OPERATOR } from "./servers/manifests.ts";
import { BINDINGS, createAsAdmin, denial, withPolicies } from "./servers/policies.ts";

/** Runs the operator as its own account, and answers what the binding says is wrong. */
async function statusOf(
  plane: ControlPlane,
  options: RigOptions,
  prepare: (rig: OperatorRig) => Promise<V1 | V2>,
): Promise<string> {
  await using rig = await OperatorRig.start(plane, { ...options, user: OPERATOR.user });
  return await (await prepare(rig)).errorOnce();
}

withPolicies("the operator mints for a workload identity", async (plane) => {
  await using rig = await OperatorRig.start(plane, { user: OPERATOR.user });
  await new V2(rig).establishFederated();
});

withPolicies("the status names what stops a token for another audience", async (plane) => {
  const args = ["--service-account-token-audience=api://elsewhere"];
  const error = await statusOf(plane, { args }, async (rig) => {
    const v2 = new V2(rig);
    await v2.createAccount("default", [], WORKLOAD_IDENTITY);
    await v2.createBinding({ spec: federatedBy("default") });
    return v2;
  });
  assert.match(
    error,
    denial(
      "msi-acrpull-token-requests",
      "the operator mints service account tokens for api://AzureCRTokenExchange alone",
      "install it anew with the --service-account-token-audience that it should have",
    ),
  );
});

withPolicies("the status names what stops the write of a Secret", async (plane) => {
  const error = await statusOf(plane, {}, async (rig) => {
    const v1 = new V1(rig);
    await v1.establish();
    const { metadata } = (await v1.secret())!;
    const other = { apiVersion: "v1", kind: "ConfigMap", name: "pull", uid: "another" };
    const ownerReferences = [...metadata.ownerReferences!, other];
    await v1.patchSecret({ metadata: { ownerReferences } });
    await v1.patchBinding({ spec: { acrServer: "other.azurecr.io" } });
    return v1;
  });
  assert.match(
    error,
    denial(
      "msi-acrpull-secrets",
      "the operator writes only Secrets with one AcrPullBinding",
      "delete the Secret, and the operator makes it anew",
    ),
  );
});

const WEBHOOK = "a mutating webhook that does must pass over the operator's account";

withPolicies("the status names what stops the write of a service account", async (plane) => {
  await using _ = await annotating(plane, "", "v1", "serviceaccounts");
  const error = await statusOf(plane, {}, async (rig) => {
    const v1 = new V1(rig);
    await v1.createAccount("default");
    await v1.createBinding();
    return v1;
  });
  assert.match(
    error,
    denial(
      "msi-acrpull-service-accounts",
      "the operator changes nothing of a service account but its imagePullSecrets",
      WEBHOOK,
    ),
  );
});

for (const { apiVersion } of BINDINGS) {
  const [group, version] = apiVersion.split("/") as [string, "v1beta1" | "v1beta2"];
  withPolicies(`the status names what stops the write of a binding, ${version}`, async (plane) => {
    await using _ = await annotating(plane, group, version, "acrpullbindings");
    const error = await statusOf(plane, {}, async (rig) => {
      const on = version === "v1beta1" ? new V1(rig) : new V2(rig);
      await on.createAccount("default");
      await on.createBinding();
      return on;
    });
    assert.match(
      error,
      denial(
        "msi-acrpull-bindings",
        "the operator never changes labels, annotations or owners of a binding",
        WEBHOOK,
      ),
    );
  });
}

/**
 * Has the API server annotate every object of a resource that is updated, as webhooks do, until it
 * is disposed of.
 */
async function annotating(
  plane: ControlPlane,
  group: string,
  version: string,
  resource: string,
): Promise<AsyncDisposable> {
  const name = `annotating-${resource}-${version}`;
  const api = "admissionregistration.k8s.io/v1";
  const rule = { apiGroups: [group], apiVersions: [version], operations: ["UPDATE"] };
  const namespace = await plane.createNamespace();
  await createAsAdmin(plane, namespace, {
    apiVersion: api,
    kind: "MutatingAdmissionPolicy",
    metadata: { name },
    spec: {
      matchConstraints: { resourceRules: [{ ...rule, resources: [resource] }] },
      reinvocationPolicy: "Never",
      mutations: [{
        patchType: "JSONPatch",
        jsonPatch: {
          expression: `[JSONPatch{op: "add", path: "/metadata/annotations", ` +
            `value: {"seen-by": request.userInfo.username}}]`,
        },
      }],
    },
  });
  await createAsAdmin(plane, namespace, {
    apiVersion: api,
    kind: "MutatingAdmissionPolicyBinding",
    metadata: { name },
    spec: { policyName: name },
  });
  const remove = async () => {
    await kubectlOk(plane, ["delete", "mutatingadmissionpolicybinding", name]);
    await kubectlOk(plane, ["delete", "mutatingadmissionpolicy", name]);
  };
  await inForce(plane, namespace, `${group}/${version}`, resource);
  return { [Symbol.asyncDispose]: remove };
}

async function inForce(
  plane: ControlPlane,
  namespace: string,
  groupVersion: string,
  resource: string,
): Promise<void> {
  const probe = BINDINGS.find(({ apiVersion }) => apiVersion === groupVersion) ??
    { apiVersion: "v1", kind: "ServiceAccount", metadata: { name: "pull" } };
  await createAsAdmin(plane, namespace, probe);
  let turn = 0;
  await eventually(`${resource} are annotated`, async () => {
    const group = groupVersion.split("/")[0]!;
    const what = `${[resource, group].filter(Boolean).join(".")}/pull`;
    await kubectlOk(plane, ["label", "-n", namespace, what, "--overwrite", `turn=${++turn}`]);
    const { stdout } = await kubectl(plane, ["get", "-n", namespace, what, "-o=yaml"]);
    return stdout.includes("seen-by") || undefined;
  });
  await kubectlOk(plane, ["delete", resource, "--all", "-n", namespace]);
}
