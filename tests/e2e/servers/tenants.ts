import assert from "node:assert/strict";
import { NAMES } from "../../../deploy/manifests/manifest.ts";
import { eventually } from "../../suites/eventually.ts";
import type { ControlPlane } from "./control_plane.ts";
import { kubectl, kubectlOk } from "./kubectl.ts";

/**
 * Waits, in real time, until an API server has long given up what parameters no binding names: it
 * looks once a second.
 */
export async function untilGivenUp(): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 6_000));
}

/** Two registries. */
export const A = "a.azurecr.io";
export const B = "b.azurecr.io";

/** Writes all that the ConfigMap in `home` holds: one registry for `tenant`, or nothing. */
export async function list(
  plane: ControlPlane,
  home: string,
  tenant: string,
  registry?: string,
): Promise<void> {
  const data = {
    [`${tenant}.registries`]: registry,
    [`${tenant}.identities`]: "*",
    [`${tenant}.scopes`]: "*",
  };
  const patch = registry === undefined
    ? { op: "remove", path: "/data" }
    : { op: "add", path: "/data", value: data };
  const what = ["-n", home, `configmap/${NAMES.tenants}`, "--type=json"];
  await kubectlOk(plane, ["patch", ...what, "-p", JSON.stringify([patch])]);
}

/** Whether a binding of `tenant` may name the registry; throws for any other refusal. */
async function mayName(plane: ControlPlane, tenant: string, registry: string): Promise<boolean> {
  const { code, stderr } = await kubectl(
    plane,
    ["create", "--dry-run=server", "-n", tenant, "-f", "-"],
    {
      stdin: JSON.stringify({
        apiVersion: "msi-acrpull.microsoft.com/v1beta1",
        kind: "AcrPullBinding",
        metadata: { name: "pull" },
        spec: { acrServer: registry },
      }),
    },
  );
  if (code === 0) return true;
  assert.match(
    stderr,
    new RegExp(`${NAMES.tenantPolicy}|no matches for kind|could not find the requested`),
  );
  return false;
}

/** Waits until `tenant` may name exactly these of both registries. */
export async function untilAllowed(
  plane: ControlPlane,
  tenant: string,
  ...registries: string[]
): Promise<void> {
  await eventually(`of both registries allowed: ${registries}`, async () => {
    for (const registry of [A, B]) {
      if (await mayName(plane, tenant, registry) !== registries.includes(registry)) return;
    }
    return true;
  });
}
