import { fileURLToPath } from "node:url";
import { runsWithOneApi } from "../suites/single_api.ts";
import { ControlPlane } from "./servers/control_plane.ts";
import { lackOfBinaries } from "./servers/gate.ts";
import { kubectlOk } from "./servers/kubectl.ts";
import { applyManifests, installRbac, OPERATOR } from "./servers/manifests.ts";
import { needing } from "../suites/needing.ts";

const CRDS = fileURLToPath(new URL("../../deploy/crds", import.meta.url));

const GROUPS = { v1beta1: "msi-acrpull.microsoft.com", v1beta2: "acrpull.microsoft.com" } as const;

async function installCrd(plane: ControlPlane, group: string): Promise<void> {
  await applyManifests(plane, [`${CRDS}/${group}_acrpullbindings.yaml`]);
  const crd = `crd/acrpullbindings.${group}`;
  await kubectlOk(plane, ["wait", "--for=condition=Established", "--timeout=30s", crd]);
}

for (const [first, other] of [["v1beta1", "v1beta2"], ["v1beta2", "v1beta1"]] as const) {
  Deno.test({
    ...needing(
      `with ${first} alone it runs with a warning, and picks ${other} up when that appears`,
      lackOfBinaries(["etcd", "kube-apiserver", "kubectl"]),
    ),
    fn: async () => {
      await using plane = await ControlPlane.start();
      await installCrd(plane, GROUPS[first]);
      await installRbac(plane);
      const installOther = () => installCrd(plane, GROUPS[other]);
      const removeOther = async () => {
        await kubectlOk(plane, [
          "delete",
          `crd/acrpullbindings.${GROUPS[other]}`,
          "--timeout=30s",
        ]);
      };
      await runsWithOneApi(plane, first, installOther, removeOther, { user: OPERATOR.user });
    },
  });
}
