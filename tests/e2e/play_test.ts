import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { e2e } from "./servers/gate.ts";
import { kubectlOk } from "./servers/kubectl.ts";
import { installCrds } from "./servers/manifests.ts";
import { guide } from "../suites/guides.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const GUIDE = guide("tests/README.md");
const BINDINGS = [
  "acrpullbindings.msi-acrpull.microsoft.com",
  "acrpullbindings.acrpull.microsoft.com",
];

e2e(
  "the guide's one command runs the operator beside a fake Azure on a real API server",
  async (plane) => {
    await installCrds(plane);
    const namespace = await plane.createNamespace();
    const [, words] = /^KUBECONFIG=FILE npx -y deno@\S+ (task start:fake-azure)$/m.exec(GUIDE)!;
    const child = new Deno.Command(Deno.execPath(), {
      args: [...words!.split(" "), "--metrics-bind-address=0", "--health-probe-bind-address=0"],
      cwd: ROOT,
      env: { KUBECONFIG: plane.adminKubeconfig.path, DENO_NO_UPDATE_CHECK: "1" },
      stdin: "null",
      stdout: "null",
      stderr: "piped",
    }).spawn();
    const stderr = new Response(child.stderr).text();
    const inNamespace = ["-n", namespace];
    try {
      await kubectlOk(plane, [...inNamespace, "apply", "-f", `${ROOT}deploy/samples`]);
      for (const kind of BINDINGS) {
        const wait = ["wait", "--for=condition=Ready", "--all", "--timeout=30s", kind];
        await kubectlOk(plane, [...inNamespace, ...wait]);
      }
      await kubectlOk(plane, [...inNamespace, "delete", "--timeout=30s", "--all", BINDINGS.join()]);
    } finally {
      child.kill("SIGINT");
    }
    const { code } = await child.status;
    assert.equal(code, 0, await stderr);
    assert.doesNotMatch(await stderr, /The fake Azure does not know this call/);
  },
);
