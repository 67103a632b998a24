import assert from "node:assert/strict";
import { OperatorRig } from "../suites/operator_rig.ts";
import { V1 } from "../suites/v1beta1_objects.ts";
import { V2 } from "../suites/v1beta2_objects.ts";
import type { ControlPlane } from "./servers/control_plane.ts";
import { deployTo } from "./servers/deploy_task.ts";
import { e2e } from "./servers/gate.ts";
import { runGuide } from "./servers/guide.ts";
import { kubectlOk } from "./servers/kubectl.ts";
import { OPERATOR } from "./servers/manifests.ts";

const BINDINGS = [
  "acrpullbindings.msi-acrpull.microsoft.com",
  "acrpullbindings.acrpull.microsoft.com",
];

let installed: Promise<void> | undefined;

async function install(plane: ControlPlane): Promise<void> {
  const { code, stderr } = await deployTo(plane, ["--apply"]);
  assert.equal(code, 0, stderr);
}

function remaining(plane: ControlPlane): Promise<string> {
  return kubectlOk(plane, ["get", "--all-namespaces", "-o=name", BINDINGS.join(",")]);
}

e2e("deleting the bindings while the operator runs leaves nothing of them", async (plane) => {
  await (installed ??= install(plane));
  await using rig = await OperatorRig.start(plane, { user: OPERATOR.user });
  const v1 = new V1(rig);
  const v2 = new V2(rig, "second");
  await v1.establish();
  await v2.createBinding();
  await v2.ready();
  await runGuide(plane, "delete-bindings");
  assert.equal(await remaining(plane), "");
  assert.equal(await v1.secret(), undefined);
  assert.equal(await v2.secret(), undefined);
  assert.deepEqual(await v1.references("default"), []);
});

e2e("bindings that wait for an operator that is gone are let go", async (plane) => {
  await (installed ??= install(plane));
  await using rig = await OperatorRig.start(plane, { user: OPERATOR.user });
  const v1 = new V1(rig);
  const v2 = new V2(rig, "second");
  await v1.establish();
  await v2.createBinding();
  await v2.ready();
  await rig.stopOperator();
  await v1.deleteBinding();
  await v2.deleteBinding();
  assert.equal((await remaining(plane)).trim().split("\n").length, 2, "they did not wait");
  const said = await runGuide(plane, "release-bindings");
  assert.match(said, /^acrpullbinding\.msi-acrpull\.microsoft\.com\/pull patched$/m);
  assert.equal(await remaining(plane), "");
  // Its owner's end takes it away where a garbage collector runs.
  assert.equal((await v1.secret())!.metadata.ownerReferences!.length, 1);
});
