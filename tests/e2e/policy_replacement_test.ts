import assert from "node:assert/strict";
import { BINDING_LABEL } from "../../src/controller/conventions.ts";
import { eventually } from "../suites/eventually.ts";
import { OperatorRig } from "../suites/operator_rig.ts";
import { V2 } from "../suites/v1beta2_objects.ts";
import type { ControlPlane } from "./servers/control_plane.ts";
import { kubectl, kubectlOk } from "./servers/kubectl.ts";
import { OPERATOR } from "./servers/manifests.ts";
import { createAsAdmin, denial, withPolicies } from "./servers/policies.ts";

const UNLABELLED = { metadata: { labels: { [BINDING_LABEL]: null } } };

withPolicies(
  "a Secret that lost its label is made anew, by the rights as shipped",
  async (plane) => {
    await using rig = await OperatorRig.start(plane, { user: OPERATOR.user });
    const v2 = new V2(rig);
    const before = await v2.establish();
    await v2.patchSecret(UNLABELLED);
    const after = await v2.secretOnce(({ metadata }) => metadata.uid !== before.metadata.uid);
    assert.equal(after.metadata.labels?.[BINDING_LABEL], "pull");
    await v2.ready();
  },
);

withPolicies("one whose successor somebody's policy denies is kept", async (plane) => {
  await using rig = await OperatorRig.start(plane, { user: OPERATOR.user });
  const v2 = new V2(rig);
  const before = await v2.establish();
  await using _ = await denyingSecrets(plane, before.metadata.namespace);
  await v2.patchSecret(UNLABELLED);
  assert.match(await v2.errorOnce(), denial("no-new-secrets", "no Secret is made here"));
  const after = (await v2.secret())!;
  assert.equal(after.metadata.uid, before.metadata.uid);
  assert.equal(v2.passwordIn(after), v2.passwordIn(before));
});

/** Has the API server refuse new Secrets in one namespace, until it is disposed of. */
async function denyingSecrets(plane: ControlPlane, namespace: string): Promise<AsyncDisposable> {
  const name = "no-new-secrets";
  const api = "admissionregistration.k8s.io/v1";
  const rule = { apiGroups: [""], apiVersions: ["v1"], operations: ["CREATE"] };
  await createAsAdmin(plane, namespace, {
    apiVersion: api,
    kind: "ValidatingAdmissionPolicy",
    metadata: { name },
    spec: {
      matchConstraints: { resourceRules: [{ ...rule, resources: ["secrets"] }] },
      validations: [{
        expression: `request.namespace != '${namespace}'`,
        message: "no Secret is made here",
      }],
    },
  });
  await createAsAdmin(plane, namespace, {
    apiVersion: api,
    kind: "ValidatingAdmissionPolicyBinding",
    metadata: { name },
    spec: { policyName: name, validationActions: ["Deny"] },
  });
  await eventually("no Secret is made", async () => {
    const args = ["create", "secret", "generic", "probe", "--dry-run=server", "-n", namespace];
    return (await kubectl(plane, args)).stderr.includes(name) || undefined;
  });
  const remove = async () => {
    await kubectlOk(plane, ["delete", "validatingadmissionpolicybinding", name]);
    await kubectlOk(plane, ["delete", "validatingadmissionpolicy", name]);
  };
  return { [Symbol.asyncDispose]: remove };
}
