import assert from "node:assert/strict";
import type { TestOnApiServer } from "../sandbox/api_server.ts";
import { eventually } from "./eventually.ts";
import { OperatorRig, type RigOptions } from "./operator_rig.ts";
import { settled } from "./settled.ts";
import { errorOf, served } from "./takeover.ts";
import { V1 } from "./v1beta1_objects.ts";
import { specWith, V2 } from "./v1beta2_objects.ts";

const LEASE = { apiVersion: "coordination.k8s.io/v1", kind: "Lease", name: "aks.azure.com" };

/** What only the chart of the reference brings about: its rights, its Lease and its CRDs. */
export function referenceChartSuite(test: TestOnApiServer, options: RigOptions): void {
  const check = (name: string, run: (rig: OperatorRig) => Promise<void>, more: RigOptions = {}) =>
    test(`reference's chart: ${name}`, async (api) => {
      await using rig = await OperatorRig.prepare(api, { ...options, ...more });
      await run(rig);
      rig.azure.assertNoUnexpected();
      rig.azure.assertNoViolations();
    });

  check("difference 11: says once that it may write no Events, and goes on", async (rig) => {
    const failing = [new V1(rig, "one"), new V1(rig, "two")];
    rig.azure.fail("acr-firewall", { times: Infinity });
    await rig.startOperator();
    await failing[0]!.createAccount("default");
    for (const binding of failing) await binding.createBinding();
    for (const binding of failing) await errorOf(binding);
    rig.azure.clearFailures();
    rig.clock.advance(6 * 60_000);
    for (const binding of failing) await served(binding);
    await settled(() => rig.resourceVersions());
    const told = rig.logged.filter(({ message }) => message.includes("may not create Events"));
    assert.equal(told.length, 1);
    assert.equal(told[0]!.level, "warn");
    assert.deepEqual(await rig.admin.list("v1", "Event"), []);
  });

  check("difference 8: an AirgappedCloud without cloudConfig fails alone", async (rig) => {
    const [airgapped, other] = [new V2(rig, "airgapped"), new V2(rig, "other")];
    await rig.startOperator();
    await other.createAccount("default");
    await airgapped.createBinding({ spec: specWith({ acr: { environment: "AirgappedCloud" } }) });
    assert.equal(
      await errorOf(airgapped),
      "spec.acr.cloudConfig is missing; AirgappedCloud needs it.",
    );
    await other.createBinding();
    await served(other);
  });

  check("acts only when the reference has given its Lease back", async (rig) => {
    const lease = rig.admin.elsewhere("acrpull");
    const { apiVersion, kind, name } = LEASE;
    const held = () => ({
      holderIdentity: "acrpull-6b9f_2a3c",
      leaseDurationSeconds: 15,
      renewTime: new Date(rig.clock.now()).toISOString().replace("Z", "000Z"),
    });
    await lease.create({ apiVersion, kind, metadata: { name }, spec: held() });
    const v1 = new V1(rig);
    await v1.createAccount("default");
    await v1.createBinding();
    await rig.startOperator();
    await eventually("it waits", () => {
      return rig.logged.some(({ message }) => message.includes("waiting for the leader lease")) ||
        undefined;
    });
    // The reference renews every 2 s; by these renewals the operator must not grow impatient.
    for (let renewal = 0; renewal < 3; renewal++) {
      rig.clock.advance(6_000);
      await lease.mergePatch(LEASE, { spec: held() });
      await new Promise((resolve) => setTimeout(resolve, 300));
    }
    assert.deepEqual(rig.writes(), {});
    await lease.mergePatch(LEASE, {
      spec: { ...held(), holderIdentity: "", leaseDurationSeconds: 1 },
    });
    await served(v1);
    await rig.stopOperator();
    const left = await lease.get<{ spec: { holderIdentity: string } }>(LEASE);
    assert.equal(left!.spec.holderIdentity, "", "the Lease is not given back");
    await lease.delete(LEASE);
  }, { args: ["--leader-elect", "--leader-election-namespace=acrpull"] });
}
