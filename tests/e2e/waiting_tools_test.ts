import assert from "node:assert/strict";
import { readCrds } from "../suites/crds.ts";
import { eventually } from "../suites/eventually.ts";
import { lackOfGo } from "../suites/go_program.ts";
import { kstatusOf } from "../suites/kstatus.ts";
import { needing } from "../suites/needing.ts";
import { waitingToolsSuite } from "../suites/waiting_tools.ts";
import { asOperator } from "./servers/as_operator.ts";
import { ControlPlane } from "./servers/control_plane.ts";
import { lackOfBinaries } from "./servers/gate.ts";
import { kubectlOk } from "./servers/kubectl.ts";
import { OPERATOR } from "./servers/manifests.ts";

waitingToolsSuite(asOperator, { user: OPERATOR.user });

const BINDING = "acrpullbinding.msi-acrpull.microsoft.com";
const DEFAULT = /default:\n +observedGeneration: -1\n/;

Deno.test({
  ...needing(
    "kstatus: a binding from before the CRDs had the default is in progress with it",
    lackOfBinaries(["etcd", "kube-apiserver", "kubectl"]),
    lackOfGo(),
  ),
  fn: async () => {
    await using plane = await ControlPlane.start();
    const crd = readCrds().find((text) => text.includes("name: v1beta1"))!;
    assert.match(crd, DEFAULT);
    const apply = (stdin: string) => kubectlOk(plane, ["apply", "-f", "-"], { stdin });
    const read = async (): Promise<{ status?: unknown }> =>
      JSON.parse(await kubectlOk(plane, ["get", BINDING, "first", "-o", "json"]));
    await apply(crd.replace(DEFAULT, "\n"));
    await kubectlOk(plane, ["wait", "--for=condition=Established", "crd", "--all"]);
    await apply(JSON.stringify({
      apiVersion: "msi-acrpull.microsoft.com/v1beta1",
      kind: "AcrPullBinding",
      metadata: { name: "first" },
      spec: { acrServer: "bench.azurecr.io" },
    }));
    const before = await read();
    assert.equal(before.status, undefined);
    await apply(crd);
    const after = await eventually("it is read with the default", async () => {
      const found = await read();
      return found.status === undefined ? undefined : found;
    });
    assert.deepEqual(after, { ...before, status: { observedGeneration: -1 } });
    const statuses = (await kstatusOf([before, after])).map(({ status }) => status);
    assert.deepEqual(statuses, ["Current", "InProgress"]);
  },
});
