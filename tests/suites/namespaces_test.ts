import assert from "node:assert/strict";
import { haveNamespaces, inNamespaces, lackOfNamespaces } from "./namespaces.ts";
import { needing } from "./needing.ts";

const MISSING = { commands: ["no-such-command"] };
const SENTENCE = "no-such-command is missing: apt-get install util-linux iproute2 coreutils.";

Deno.test("without what namespaces take, the tests are skipped, and that is said once", () => {
  const printed: string[] = [];
  const surroundings = { ci: "false", print: (line: string) => void printed.push(line) };
  assert.equal(haveNamespaces(MISSING, surroundings), false);
  assert.equal(haveNamespaces(MISSING, surroundings), false);
  assert.deepEqual(printed, [`Tests in namespaces of their own are skipped: ${SENTENCE}`]);
});

Deno.test("without what namespaces take, it is an error in CI", () => {
  assert.throws(() => haveNamespaces(MISSING, { ci: "true", print: () => {} }), {
    name: "NamespacesError",
    message: `Tests in namespaces must run where CI is set, and ${SENTENCE}`,
  });
});

Deno.test({
  ...needing(
    "a command in namespaces of its own sees a loopback and nothing else",
    lackOfNamespaces(),
  ),
  fn: async () => {
    const [command, ...args] = inNamespaces(["cat", "/proc/net/dev"]);
    const { stdout } = await new Deno.Command(command!, { args }).output();
    const interfaces = new TextDecoder().decode(stdout).matchAll(/^\s*(\S+):/gm);
    assert.deepEqual([...interfaces].map(([, name]) => name), ["lo"]);
  },
});
