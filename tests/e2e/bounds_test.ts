import assert from "node:assert/strict";
import { ApiError, isInvalid } from "../../src/kubernetes/http/errors.ts";
import { eventually } from "../suites/eventually.ts";
import { OperatorRig } from "../suites/operator_rig.ts";
import { V1 } from "../suites/v1beta1_objects.ts";
import { specWith, V2 } from "../suites/v1beta2_objects.ts";
import { ControlPlane } from "./servers/control_plane.ts";
import { lackOfBinaries } from "./servers/gate.ts";
import { installCrds } from "./servers/manifests.ts";
import { installReferenceChart } from "./servers/reference_chart.ts";
import { needing } from "../suites/needing.ts";

const HUGE = `repository:${"a".repeat(1_000_000)}:pull`;
const TOLD = {
  v1: `spec.scope has ${HUGE.length} characters; give at most 4096.`,
  v2: `spec.acr.scope has ${HUGE.length} characters; give at most 4096.`,
};

Deno.test({
  ...needing(
    "bounds: what the reference's CRDs admit beyond all measure is told, kept and let go",
    lackOfBinaries(["etcd", "kube-apiserver", "kubectl"]),
  ),
  fn: async (context) => {
    await using plane = await ControlPlane.start();
    await installReferenceChart(plane);
    await using rig = await OperatorRig.start(plane);
    const [v1, v2, other] = [new V1(rig, "one"), new V2(rig, "two"), new V2(rig, "other")];
    const ofV1 = { acrServer: "bench.azurecr.io", managedIdentityClientID: "x" };
    const spec = { v1: { ...ofV1, scope: HUGE }, v2: specWith({ acr: { scope: HUGE } }) };

    await context.step("under CRDs without bounds the status says so", async () => {
      await other.createAccount("default");
      await v1.createBinding({ spec: spec.v1 });
      await v2.createBinding({ spec: spec.v2 });
      assert.deepEqual([await toldOf(v1), await toldOf(v2)], [TOLD.v1, TOLD.v2]);
    });

    await context.step(
      "under the bounds of deploy/crds it still does, with conditions",
      async () => {
        await installCrds(plane);
        for (const binding of [v1, v2]) {
          await eventually("the status has conditions", async () => {
            const readiness = await tolerant(async () => {
              return binding.condition((await binding.binding())! as never, "Stalled");
            });
            return readiness === "True/InvalidSpec" || undefined;
          }, 30_000);
        }
        assert.deepEqual([await toldOf(v1), await toldOf(v2)], [TOLD.v1, TOLD.v2]);
      },
    );

    await context.step("neither of the two is admitted any more", async () => {
      for (
        const create of [
          () => new V1(rig, "late").createBinding({ spec: spec.v1 }),
          () => new V2(rig, "late").createBinding({ spec: spec.v2 }),
        ]
      ) await assert.rejects(create, isInvalid);
    });

    await context.step(
      "a binding beside them is served, and one that is shortened, too",
      async () => {
        await other.createBinding();
        await other.ready();
        await v2.patchBinding({ spec: { acr: { scope: "repository:app:pull" } } });
        await v2.ready();
      },
    );

    await context.step("one that stays as it is can be deleted", async () => {
      await v1.deleteBinding();
      await eventually("it is gone", async () => (await v1.binding()) === undefined || undefined);
    });
  },
});

async function toldOf(binding: V1 | V2): Promise<string> {
  return await eventually("the status tells of an error", async () => {
    return await tolerant(async () => (await binding.binding())?.status?.error);
  });
}

/** A server answers 429 while it changes from one schema to the other. */
async function tolerant<T>(read: () => Promise<T | undefined>): Promise<T | undefined> {
  try {
    return await read();
  } catch (error) {
    if (error instanceof ApiError && error.retryable) return undefined;
    throw error;
  }
}
