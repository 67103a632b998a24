import assert from "node:assert/strict";
import { eventually } from "../suites/eventually.ts";
import { OperatorRig } from "../suites/operator_rig.ts";
import { V1 } from "../suites/v1beta1_objects.ts";
import { inMemory } from "./gate.ts";

const LEASE = { apiVersion: "coordination.k8s.io/v1", kind: "Lease", name: "aks.azure.com" };
inMemory(
  "a leader that lost its Lease asks nothing more of Azure, and waits for no answer",
  async (api) => {
    await using rig = await OperatorRig.prepare(api, {
      args: ["--leader-elect", "--leader-election-namespace=kube-system"],
    });
    rig.azure.fail("hang", { endpoint: "imds" });
    const v1 = new V1(rig);
    await v1.createAccount("default");
    // One alone: a call that keeps others waiting is given up after 2 s, whoever leads.
    await v1.createBinding();
    await rig.startOperator();
    await eventually("it is asking IMDS", () => rig.azure.counts().imds > 0 || undefined);

    const leases = rig.admin.elsewhere("kube-system");
    const stolenAt = performance.now();
    await leases.mergePatch(LEASE, { spec: { holderIdentity: "another" } });
    await assert.rejects(rig.ended, { name: "LeadershipLost" });
    // It looks at the Lease every 2 s.
    assert.ok(performance.now() - stolenAt < 4000, "it waited for Azure");

    const callsAtLoss = rig.azure.counts().imds;
    await new Promise((resolve) => setTimeout(resolve, 1000));
    assert.equal(rig.azure.counts().imds, callsAtLoss);
    assert.match(
      await rig.said(),
      new RegExp(
        `acrpull_azure_requests_total{endpoint=\\\\"imds\\\\",code=\\\\"error\\\\"} ${callsAtLoss}\\\\n`,
      ),
      "each call has ended",
    );
    await assert.rejects(rig.stopOperator(), { name: "LeadershipLost" });
  },
);
