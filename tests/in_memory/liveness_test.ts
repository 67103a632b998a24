import assert from "node:assert/strict";
import { freePort } from "../suites/operator_process.ts";
import { OperatorRig } from "../suites/operator_rig.ts";
import { V1 } from "../suites/v1beta1_objects.ts";
import { inMemory } from "./gate.ts";

const HOUR = 3600_000;

inMemory(
  "liveness: work is stuck by the time that has passed, whatever the wall clock says",
  async (api) => {
    const port = freePort();
    let aheadMs = 0;
    await using rig = await OperatorRig.start(api, {
      args: [`--health-probe-bind-address=127.0.0.1:${port}`],
      monotonic: () => performance.now() + aheadMs,
    });
    const probe = async (): Promise<string> =>
      await (await fetch(`http://127.0.0.1:${port}/healthz`)).text();
    rig.azure.fail("hang", { endpoint: "imds" });
    const binding = new V1(rig);
    await binding.createAccount("default");
    await binding.createBinding();
    await binding.callsOnce("imds", 1);

    rig.clock.set(HOUR);
    assert.equal(await probe(), "ok\n");
    rig.clock.set(-3 * HOUR);
    aheadMs = 16 * 60_000;
    assert.match(
      await probe(),
      /^\[-\]reconciling failed: work on v1beta1\/.*\/pull has lasted for 96\d s\n/,
    );
  },
);
