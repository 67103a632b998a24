import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { deployTo } from "./servers/deploy_task.ts";
import { e2e } from "./servers/gate.ts";
import { runGuide } from "./servers/guide.ts";
import { NAMESPACE, uninstall } from "./servers/installation.ts";
import { kubectlOk } from "./servers/kubectl.ts";
import { A, B, list, untilAllowed, untilGivenUp } from "./servers/tenants.ts";

const POLICIES = fileURLToPath(
  new URL("../data/reference-chart/policies.yaml", import.meta.url),
);

e2e("tenants are held to their lists where the reference's policies were", async (plane) => {
  const tenant = await plane.createNamespace();
  await kubectlOk(plane, ["create", "namespace", "acrpull"]);
  await kubectlOk(plane, ["apply", "-f", POLICIES]);
  await untilGivenUp(); // By then the API server follows what it has to, as well.
  await runGuide(plane, "keep-alive-first");
  await kubectlOk(plane, ["delete", "-f", POLICIES]);
  await untilGivenUp();
  const { code, stderr } = await deployTo(plane, ["--apply", "--tenant-policy"]);
  assert.equal(code, 0, stderr);
  for (const registry of [A, B]) {
    await list(plane, NAMESPACE, tenant, registry);
    await untilAllowed(plane, tenant, registry);
  }
  await list(plane, NAMESPACE, tenant);
  await untilAllowed(plane, tenant);
  await uninstall(plane);
});
