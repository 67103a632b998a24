import assert from "node:assert/strict";
import {
  clusterPermissions,
  NAMESPACE_PERMISSIONS,
  type Permission,
} from "../../deploy/manifests/permissions.ts";
import { DEFAULTS } from "../../deploy/manifests/settings.ts";
import { eventually } from "../suites/eventually.ts";
import { OperatorRig } from "../suites/operator_rig.ts";
import { V1 } from "../suites/v1beta1_objects.ts";
import { V2 } from "../suites/v1beta2_objects.ts";
import { ControlPlane } from "./servers/control_plane.ts";
import { lackOfBinaries } from "./servers/gate.ts";
import { installCrds, installRbac, OPERATOR } from "./servers/manifests.ts";
import { needing } from "../suites/needing.ts";

const AUDIT_POLICY = {
  apiVersion: "audit.k8s.io/v1",
  kind: "Policy",
  omitStages: ["RequestReceived"],
  rules: [{ level: "Metadata", users: [OPERATOR.user] }, { level: "None" }],
};

/** Asked by an admission plugin on the operator's behalf, which no audit log tells of. */
const UNSEEN = new Set([
  "update msi-acrpull.microsoft.com/acrpullbindings/finalizers",
  "update acrpull.microsoft.com/acrpullbindings/finalizers",
]);

interface AuditEvent {
  verb: string;
  objectRef?: { apiGroup?: string; resource: string; subresource?: string };
}

function granted(): string[] {
  const permissions: readonly Permission[] = [
    ...clusterPermissions(DEFAULTS),
    ...NAMESPACE_PERMISSIONS,
  ];
  const calls = permissions.flatMap(({ apiGroups, resources, verbs }) =>
    apiGroups.flatMap((group) =>
      resources.flatMap((resource) => verbs.map((verb) => `${verb} ${group}/${resource}`))
    )
  );
  return [...new Set(calls)].filter((call) => !UNSEEN.has(call)).sort();
}

/** What the operator has asked of the API server so far, by the server's own account. */
async function used(log: string): Promise<string[]> {
  const lines = (await Deno.readTextFile(log)).split("\n").filter((line) => line !== "");
  const calls = lines.flatMap((line) => {
    const { verb, objectRef } = JSON.parse(line) as AuditEvent;
    if (objectRef === undefined) return [];
    const { apiGroup = "", resource, subresource } = objectRef;
    return [`${verb} ${apiGroup}/${[resource, subresource].filter(Boolean).join("/")}`];
  });
  return [...new Set(calls)].sort();
}

/** Everything that happens to bindings, conflicts with others included. */
async function live(rig: OperatorRig, calls: () => Promise<string[]>): Promise<void> {
  const v1 = new V1(rig);
  const v2 = new V2(rig, "second");
  await v2.establishFederated();
  await v1.createBinding();
  await v1.ready();
  await v1.patchSecret({ data: { ".dockerconfigjson": btoa('{"auths":{}}') } });
  await v1.secretOnce((secret) => v1.passwordIn(secret) !== undefined);
  let turn = 0;
  await eventually("others got in the way of every write", async () => {
    turn += 1;
    await getInTheWay(v1, v2, turn);
    const seen = await calls();
    return CONTENDED.every((call) => seen.includes(call)) || undefined;
  }, 60_000);
  await Promise.all([v1.deleteBinding(), v2.deleteBinding()]);
  await v1.gone();
  await v2.gone();
}

/** Asked only when somebody else was faster, or when a thing happens again. */
const CONTENDED = [
  "get /serviceaccounts",
  "get acrpull.microsoft.com/acrpullbindings",
  "get msi-acrpull.microsoft.com/acrpullbindings",
  "patch /events",
];

async function getInTheWay(v1: V1, v2: V2, turn: number): Promise<void> {
  const server = turn % 2 === 0 ? "bench.azurecr.io" : "elsewhere.example";
  await Promise.all([
    v1.patchBinding({ spec: { acrServer: server } }),
    v2.patchBinding({ spec: { acr: { server } } }),
    v1.patchAccount("default", { imagePullSecrets: [{ name: `theirs-${turn}` }] }),
  ]);
  for (let touch = 0; touch < 6; touch += 1) {
    const patch = { metadata: { annotations: { touch: `${turn}-${touch}` } } };
    await Promise.all([
      v1.patchBinding(patch),
      v2.patchBinding(patch),
      v1.patchAccount("default", patch),
    ]);
  }
}

Deno.test({
  ...needing(
    "the operator uses every right that it has, and asks for no other",
    lackOfBinaries(["etcd", "kube-apiserver", "kubectl"]),
  ),
  fn: async () => {
    const dir = await Deno.makeTempDir({ prefix: "msi-acrpull-audit-" });
    const log = `${dir}/audit.log`;
    await Deno.writeTextFile(`${dir}/audit-policy.json`, JSON.stringify(AUDIT_POLICY));
    try {
      await using plane = await ControlPlane.start({
        apiserverFlags: [
          `--audit-policy-file=${dir}/audit-policy.json`,
          `--audit-log-path=${log}`,
          "--audit-log-mode=blocking-strict",
        ],
      });
      await installCrds(plane);
      await installRbac(plane);
      {
        const args = ["--leader-elect", `--leader-election-namespace=${OPERATOR.namespace}`];
        await using rig = await OperatorRig.start(plane, { user: OPERATOR.user, args });
        await live(rig, () => used(log));
      }
      // Those of kubectl auth can-i, with which the tests wait for the rules to have effect.
      const asked = (await used(log)).filter((call) => !call.includes("authorization.k8s.io/"));
      assert.deepEqual(asked, granted());
    } finally {
      await Deno.remove(dir, { recursive: true });
    }
  },
});
