import assert from "node:assert/strict";
import { eventually } from "../suites/eventually.ts";
import { OperatorRig } from "../suites/operator_rig.ts";
import { CLIENT_ID, V1 } from "../suites/v1beta1_objects.ts";
import { asOperator } from "./servers/as_operator.ts";
import type { ControlPlane } from "./servers/control_plane.ts";
import { HangingWebhook } from "./servers/hanging_webhook.ts";
import { OPERATOR } from "./servers/manifests.ts";

/** More than the operator works on at once, the urgent included. */
const NOISY = 60;
const READY_WITHIN_MS = 5000;

asOperator(
  "bindings behind a webhook that times out keep no other namespace waiting",
  async (api) => {
    const plane = api as ControlPlane;
    await using rig = await OperatorRig.start(plane, { user: OPERATOR.user });
    const noisy = rig.admin.elsewhere(await plane.createNamespace());
    await using webhook = await HangingWebhook.install(plane, noisy.namespace);
    for (let index = 0; index < NOISY; index++) {
      const metadata = { name: `app-${index}` };
      await noisy.create({ apiVersion: "v1", kind: "ServiceAccount", metadata });
      await noisy.create({
        apiVersion: "msi-acrpull.microsoft.com/v1beta1",
        kind: "AcrPullBinding",
        metadata,
        spec: {
          acrServer: "bench.azurecr.io",
          managedIdentityClientID: CLIENT_ID,
          serviceAccountName: metadata.name,
        },
      });
    }
    await eventually("many writes hang", () => webhook.underWay >= 10 || undefined, 30_000);

    for (let index = 0; index < 3; index++) {
      const startedAt = performance.now();
      const v1 = new V1(rig, `new-${index}`);
      await v1.createAccount(`account-${index}`);
      await v1.createBinding({
        spec: {
          acrServer: "bench.azurecr.io",
          managedIdentityClientID: CLIENT_ID,
          serviceAccountName: `account-${index}`,
        },
      });
      // Not v1.ready(), which waits for the answers to all that hangs, too.
      await eventually(`new-${index} is ready`, async () => {
        const binding = await v1.binding();
        return v1.readiness(binding!) === "True/CredentialAttached" || undefined;
      }, 60_000);
      const tookMs = performance.now() - startedAt;
      assert.ok(tookMs < READY_WITHIN_MS, `it took ${tookMs} ms`);
      assert.ok(webhook.underWay > 0, "calls still hang");
    }
    await rig.stopOperator();
    await noisy.clear();
  },
);
