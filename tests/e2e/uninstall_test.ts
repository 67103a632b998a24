import assert from "node:assert/strict";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { OperatorRig } from "../suites/operator_rig.ts";
import { V1 } from "../suites/v1beta1_objects.ts";
import { V2 } from "../suites/v1beta2_objects.ts";
import { obtainBinaries } from "./servers/binaries.ts";
import type { ControlPlane } from "./servers/control_plane.ts";
import { deployTo } from "./servers/deploy_task.ts";
import { e2e } from "./servers/gate.ts";
import { kubectlOk } from "./servers/kubectl.ts";
import { OPERATOR } from "./servers/manifests.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const BINDINGS = [
  "acrpullbindings.msi-acrpull.microsoft.com",
  "acrpullbindings.acrpull.microsoft.com",
];

/** Runs the commands that deploy/README.md shows after the mark `test: NAME`, as a reader would. */
async function runDocumented(plane: ControlPlane, name: string): Promise<string> {
  const guide = await Deno.readTextFile(`${ROOT}deploy/README.md`);
  const block = new RegExp(`<!-- test: ${name} -->\\n+\`\`\`sh\\n(.*?)\`\`\``, "s").exec(guide);
  assert.ok(block, `deploy/README.md has no commands marked ${name}`);
  const { kubectl } = await obtainBinaries(["kubectl"]);
  const { code, stdout, stderr } = await new Deno.Command("/bin/sh", {
    args: ["-euc", block[1]!],
    cwd: ROOT,
    env: {
      PATH: `${dirname(kubectl)}:${Deno.env.get("PATH")}`,
      KUBECONFIG: plane.adminKubeconfig.path,
    },
    stdin: "null",
  }).output();
  const decoder = new TextDecoder();
  assert.equal(code, 0, decoder.decode(stderr));
  return decoder.decode(stdout);
}

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
  await runDocumented(plane, "delete-bindings");
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
  const said = await runDocumented(plane, "release-bindings");
  assert.match(said, /^acrpullbinding\.msi-acrpull\.microsoft\.com\/pull patched$/m);
  assert.equal(await remaining(plane), "");
  // Its owner's end takes it away where a garbage collector runs.
  assert.equal((await v1.secret())!.metadata.ownerReferences!.length, 1);
});
