import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { bundleInto } from "../suites/executable.ts";
import { inNamespaces, lackOfNamespaces } from "../suites/namespaces.ts";
import { obtainBinaries } from "./servers/binaries.ts";
import { lackOfBinaries } from "./servers/gate.ts";
import { needing } from "../suites/needing.ts";

const SCENARIO = fileURLToPath(new URL("pod/scenario.ts", import.meta.url));

/** Namespaces end with their first process, and with them whatever runs in them. */
const PROCESSES = ["--pid", "--fork", "--kill-child", "--mount-proc"];

const COMMANDS = ["chroot", "ip", "mount", "nsenter", "setpriv"];

/**
 * The closest to a cluster's node that a machine without one can come. The pods' program is the
 * bundle, under the executable's own flags for Deno; the executable itself takes a runtime stub.
 */
Deno.test({
  ...needing(
    "the operator runs in pods: deploy/latest, its ServiceAccount, Azure's real names",
    lackOfBinaries(["etcd", "kube-apiserver", "kubectl"]),
    lackOfNamespaces({ root: true, commands: COMMANDS }),
  ),
  fn: async () => {
    const binaries = await obtainBinaries(["etcd", "kube-apiserver", "kubectl"]);
    const directory = await Deno.makeTempDir({ prefix: "msi-acrpull-bundle-" });
    try {
      const bundle = await bundleInto(directory);
      // No network is left that anything could be downloaded from.
      const test = ["test", "--allow-all", "--cached-only", "--no-check", SCENARIO];
      const [command, ...args] = inNamespaces([Deno.execPath(), ...test], PROCESSES);
      const { code, stdout, stderr } = await new Deno.Command(command!, {
        args,
        env: { BUNDLE: bundle, KUBECTL: binaries.kubectl, NO_COLOR: "1" },
        stdin: "null",
      }).output();
      const decoder = new TextDecoder();
      const said = decoder.decode(stdout) + decoder.decode(stderr);
      assert.equal(code, 0, said);
      assert.match(said, /^ok \| 1 passed \(6 steps\) \| 0 failed/m, said);
    } finally {
      await Deno.remove(directory, { recursive: true });
    }
  },
});
