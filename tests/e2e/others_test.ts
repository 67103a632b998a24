import assert from "node:assert/strict";
import { denialSuite } from "../suites/denials.ts";
import { eventually } from "../suites/eventually.ts";
import { OperatorRig } from "../suites/operator_rig.ts";
import { othersSuite } from "../suites/others.ts";
import { V1 } from "../suites/v1beta1_objects.ts";
import { asOperator } from "./servers/as_operator.ts";
import { kubectl, kubectlOk, type KubectlTarget } from "./servers/kubectl.ts";
import { OPERATOR } from "./servers/manifests.ts";
import { createAsAdmin } from "./servers/policies.ts";
import { hookIntoPlane } from "./servers/webhook.ts";

othersSuite(asOperator, hookIntoPlane, { user: OPERATOR.user });
denialSuite(asOperator, hookIntoPlane, { user: OPERATOR.user });

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

const OWNER_NEEDED = 'a Secret needs the label "example.com/owner" with ' +
  `one of ${"team, ".repeat(200)}or nobody`;

asOperator(
  "denials: a policy's is told in one line that kubectl shows whole, and names the policy",
  async (plane) => {
    await using rig = await OperatorRig.start(plane, { user: OPERATOR.user, random: () => 0 });
    const v1 = new V1(rig);
    const { namespace } = rig.admin;
    await v1.createAccount("default");
    await using _ = await denying(plane, namespace);
    await v1.createBinding();
    const error = await v1.errorOnce();
    assert.equal(v1.readiness((await v1.binding())!), "False/PolicyDenied");
    assert.match(
      error,
      new RegExp(
        `^Writing Secret ${v1.place.secret} failed: ValidatingAdmissionPolicy '${namespace}' with ` +
          `binding '${namespace}' denied request: a Secret needs the label "example\\.com/owner" ` +
          "with one of team, .*\\.\\.\\..* or nobody$",
      ),
    );
    const inNamespace = ["-n", namespace];
    const row = await kubectlOk(plane, ["get", "msiapb", "-o", "wide", ...inNamespace]);
    assert.ok(row.includes(error), row);
    await rig.eventOnce("PolicyDenied");
    const events = await kubectlOk(plane, ["get", "events", ...inNamespace]);
    assert.ok(events.includes(error), events);
  },
);

/** Has a policy refuse every Secret of a namespace, until it is disposed of. */
async function denying(plane: KubectlTarget, namespace: string): Promise<AsyncDisposable> {
  const api = "admissionregistration.k8s.io/v1";
  const metadata = { name: namespace };
  const rule = {
    apiGroups: [""],
    apiVersions: ["v1"],
    operations: ["CREATE"],
    resources: ["secrets"],
  };
  const validation = { expression: "false", message: OWNER_NEEDED };
  await createAsAdmin(plane, namespace, {
    apiVersion: api,
    kind: "ValidatingAdmissionPolicy",
    metadata,
    spec: {
      matchConstraints: {
        namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": namespace } },
        resourceRules: [rule],
      },
      validations: [validation],
    },
  });
  await createAsAdmin(plane, namespace, {
    apiVersion: api,
    kind: "ValidatingAdmissionPolicyBinding",
    metadata,
    spec: { policyName: namespace, validationActions: ["Deny"] },
  });
  await eventually("the policy is in force", async () => {
    const args = ["create", "secret", "generic", "probe", "-n", namespace, "--dry-run=server"];
    return (await kubectl(plane, args)).code !== 0 || undefined;
  });
  return {
    async [Symbol.asyncDispose]() {
      for (const kind of ["ValidatingAdmissionPolicyBinding", "ValidatingAdmissionPolicy"]) {
        await kubectlOk(plane, ["delete", kind, namespace]);
      }
    },
  };
}
