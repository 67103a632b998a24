import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { inNamespaces, lackOfNamespaces } from "./namespaces.ts";
import { needing } from "./needing.ts";

const COMMANDS = ["ip", "mount"];

/** Registers a test that runs the test file `scenario` in a network with nobody else in it. */
export function testInNetwork(name: string, scenario: URL): void {
  Deno.test({
    ...needing(name, lackOfNamespaces({ commands: COMMANDS })),
    fn: async () => {
      const file = fileURLToPath(scenario);
      // No network is left that anything could be downloaded from.
      const test = ["test", "--allow-all", "--cached-only", "--no-check", file];
      const [command, ...args] = inNamespaces([Deno.execPath(), ...test]);
      const { code, stdout, stderr } = await new Deno.Command(command!, {
        args,
        env: { NO_COLOR: "1", NO_PROXY: "", HTTPS_PROXY: "", DENO_NO_UPDATE_CHECK: "1" },
        stdin: "null",
      }).output();
      const decoder = new TextDecoder();
      const said = decoder.decode(stdout) + decoder.decode(stderr);
      assert.equal(code, 0, said);
      assert.match(said, /^ok \| [1-9]\d* passed.* \| 0 failed/m, said);
    },
  });
}
