import assert from "node:assert/strict";
import { eventually } from "../suites/eventually.ts";
import { OperatorRig } from "../suites/operator_rig.ts";
import { othersSuite } from "../suites/others.ts";
import { V1 } from "../suites/v1beta1_objects.ts";
import { asOperator } from "./servers/as_operator.ts";
import { kubectlOk } from "./servers/kubectl.ts";
import { OPERATOR } from "./servers/manifests.ts";
import { createAsAdmin } from "./servers/policies.ts";
import { hookIntoPlane } from "./servers/webhook.ts";

othersSuite(asOperator, hookIntoPlane, { user: OPERATOR.user });

const STRIPPING = {
  patchType: "JSONPatch",
  jsonPatch: {
    expression: "has(object.imagePullSecrets) ? " +
      '[JSONPatch{op: "remove", path: "/imagePullSecrets"}] : []',
  },
};

asOperator(
  "others: a mutating policy that strips imagePullSecrets is told, and makes no loop",
  async (plane) => {
    await using rig = await OperatorRig.start(plane, { user: OPERATOR.user, random: () => 0 });
    const v1 = new V1(rig);
    const { namespace } = rig.admin;
    const api = "admissionregistration.k8s.io/v1";
    const metadata = { name: namespace };
    await createAsAdmin(plane, namespace, {
      apiVersion: api,
      kind: "MutatingAdmissionPolicy",
      metadata,
      spec: {
        matchConstraints: {
          namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": namespace } },
          resourceRules: [{
            apiGroups: [""],
            apiVersions: ["v1"],
            operations: ["CREATE", "UPDATE"],
            resources: ["serviceaccounts"],
          }],
        },
        reinvocationPolicy: "Never",
        mutations: [STRIPPING],
      },
    });
    const kind = "MutatingAdmissionPolicyBinding";
    await createAsAdmin(plane, namespace, {
      apiVersion: api,
      kind,
      metadata,
      spec: { policyName: namespace },
    });
    await v1.createAccount("default");
    await eventually("the policy is in force", async () => {
      await v1.patchAccount("default", { imagePullSecrets: [{ name: "probe" }] });
      return (await v1.references("default")).length === 0 || undefined;
    });
    await v1.createBinding();
    assert.match(
      await v1.errorOnce(),
      /^Changing service account default is undone: the reference to ".*" did not stay, since an admission webhook or policy changes what the operator writes\./,
    );
    for (let minute = 0; minute < 15; minute++) {
      rig.clock.advance(60_000);
      await rig.quiet();
    }
    const tries = rig.writes()["patch serviceaccounts"]!;
    assert.ok(tries <= 10, `${tries} in a quarter of an hour`);
    await kubectlOk(plane, ["delete", kind, namespace]);
    await kubectlOk(plane, ["delete", "MutatingAdmissionPolicy", namespace]);
    await eventually("the policy is out of force", async () => {
      await v1.patchAccount("default", { imagePullSecrets: [{ name: "probe" }] });
      return (await v1.references("default")).length > 0 || undefined;
    });
    rig.clock.advance(6 * 60_000);
    await v1.referencesOnce("default", ["probe", v1.place.secret]);
    rig.clock.advance(6 * 60_000);
    await v1.ready();
  },
);
