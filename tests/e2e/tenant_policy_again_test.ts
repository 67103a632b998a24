import assert from "node:assert/strict";
import { NAMES } from "../../deploy/manifests/manifest.ts";
import type { ControlPlane } from "./servers/control_plane.ts";
import { deployTo } from "./servers/deploy_task.ts";
import { e2e } from "./servers/gate.ts";
import { guideBlock, runGuide, runShell } from "./servers/guide.ts";
import { e2eWithHelm } from "./servers/helm.ts";
import { NAMESPACE, uninstall } from "./servers/installation.ts";
import { kubectl } from "./servers/kubectl.ts";
import { A, B, list, untilAllowed, untilGivenUp } from "./servers/tenants.ts";

/** The policy is put in force, leaves it for a while, and is put in force again, in `homes`. */
async function followsListsAgain(
  plane: ControlPlane,
  steps: readonly (() => Promise<unknown>)[],
  homes: readonly [string, string] = [NAMESPACE, NAMESPACE],
): Promise<void> {
  const tenant = await plane.createNamespace();
  const [on, off, onAgain] = steps;
  await on!();
  await list(plane, homes[0], tenant, A);
  await untilAllowed(plane, tenant, A);
  await off!();
  const what = `validatingadmissionpolicybinding/${NAMES.tenantPolicy}`;
  assert.match((await kubectl(plane, ["get", what])).stderr, /NotFound/);
  await untilGivenUp();
  await onAgain!();
  await list(plane, homes[1], tenant, B);
  await untilAllowed(plane, tenant, B);
  await list(plane, homes[1], tenant);
  await untilAllowed(plane, tenant);
}

function applied(plane: ControlPlane, ...options: string[]) {
  return async () => {
    const { code, stderr } = await deployTo(plane, ["--apply", ...options]);
    assert.equal(code, 0, stderr);
  };
}

function shell(plane: ControlPlane, ...scripts: string[]) {
  return async () => {
    const { code, stderr } = await runShell(plane, scripts.join("\n"));
    assert.equal(code, 0, stderr);
  };
}

const TENANTS = "--set policies.tenants.enabled=true";
const NO_TENANTS = "--set policies.tenants.enabled=false";
const RELEASE = `msi-acrpull deploy/helm --namespace ${NAMESPACE}`;
const INSTALL = `helm upgrade --install ${RELEASE} --create-namespace ${TENANTS}`;
const UNINSTALL = `helm uninstall msi-acrpull --namespace ${NAMESPACE}`;

e2e("tenants are held to their lists after the task has pruned the policy", async (plane) => {
  const on = applied(plane, "--tenant-policy");
  await followsListsAgain(plane, [on, applied(plane, "--prune"), on]);
  await uninstall(plane);
});

e2e("tenants are held to their lists after all was uninstalled with kubectl", async (plane) => {
  const on = applied(plane, "--tenant-policy");
  const off = async () => {
    await runGuide(plane, "delete-tenant-policy");
    await uninstall(plane);
  };
  await followsListsAgain(plane, [on, off, on]);
  await uninstall(plane);
});

e2eWithHelm("tenants are held to their lists on the way from kubectl to Helm", async (plane) => {
  const [off, on] = guideBlock("kubectl-to-helm").trim().split(/\n(?=helm install)/);
  await followsListsAgain(plane, [
    applied(plane, "--tenant-policy"),
    shell(plane, off!),
    shell(plane, `${on} ${TENANTS}`),
  ]);
  await shell(plane, UNINSTALL)();
  await uninstall(plane);
});

e2eWithHelm("tenants are held to their lists after the chart's value was off", async (plane) => {
  await followsListsAgain(plane, [
    shell(plane, `${INSTALL} --take-ownership`),
    shell(plane, `helm upgrade ${RELEASE} ${NO_TENANTS}`),
    shell(plane, `helm upgrade ${RELEASE} ${TENANTS}`),
  ]);
  await shell(plane, UNINSTALL)();
  await uninstall(plane);
});

e2eWithHelm("tenants are held to their lists after the release was uninstalled", async (plane) => {
  const first = shell(plane, `${INSTALL} --take-ownership`);
  await followsListsAgain(plane, [first, shell(plane, UNINSTALL), shell(plane, INSTALL)]);
  await shell(plane, UNINSTALL)();
  await uninstall(plane);
});

e2eWithHelm("tenants are held to their lists by a release of another name", async (plane) => {
  const block = guideBlock("helm-to-helm").trim();
  const [off, on] = block.split(/\n(?=helm install)/);
  const first = shell(plane, `${INSTALL} --take-ownership`);
  const steps = [first, shell(plane, off!), shell(plane, `${on} ${TENANTS}`)];
  await followsListsAgain(plane, steps, [NAMESPACE, "acr-access"]);
  await shell(plane, "helm uninstall acr-access --namespace acr-access")();
  await uninstall(plane);
});
