import assert from "node:assert/strict";
import { findBinaries, obtainBinaries } from "./binaries.ts";
import type { GoModule, Tool } from "./go_build.ts";
import { onMachine, put } from "./fake_machine.ts";

/** Counts its calls, and writes a file that names the package to where -o says. */
const FAKE_GO = `#!/bin/sh
echo called >> "$0.calls"
[ "$1 $2 $4" = "build -trimpath -o" ] || exit 9
printf '#!/bin/sh\\necho %s %s\\n' "$6" "$CGO_ENABLED" > "$5"
chmod +x "$5"
`;

const BROKEN_GO = `#!/bin/sh
echo 'dial tcp: no such host' >&2
exit 1
`;

function cachePath(root: string, tool: Tool, module: GoModule): string {
  const { os, arch } = Deno.build;
  const key = `kubernetes-v1.36.3-etcd-v3.6.8-${os}-${arch}-${module.digest.slice(0, 12)}`;
  return `${root}/msi-acrpull/${key}/${tool}`;
}

Deno.test("KUBEBUILDER_ASSETS wins over Go, and KUBECTL over both", async () => {
  await onMachine(async ({ root, surroundings }) => {
    await put(`${root}/bin/go`, FAKE_GO);
    const etcd = await put(`${root}/assets/etcd`);
    await put(`${root}/assets/kubectl`);
    const kubectl = await put(`${root}/home/my-kubectl`);
    const found = findBinaries(
      ["etcd", "kube-apiserver", "kubectl"],
      surroundings({ KUBEBUILDER_ASSETS: `${root}/assets`, KUBECTL: kubectl }),
    );
    assert.deepEqual(found, {
      ok: new Map<Tool, unknown>([
        ["etcd", { path: etcd }],
        ["kube-apiserver", { go: `${root}/bin/go` }],
        ["kubectl", { path: kubectl }],
      ]),
    });
  });
});

Deno.test("what is missing is built once, into the cache, and the command is printed", async () => {
  await onMachine(async ({ root, surroundings, printed }) => {
    const go = await put(`${root}/bin/go`, FAKE_GO);
    const machine = surroundings();
    const expected = {
      "etcd": cachePath(`${root}/home/.cache`, "etcd", machine.module),
      "kube-apiserver": cachePath(`${root}/home/.cache`, "kube-apiserver", machine.module),
    };
    assert.deepEqual(await obtainBinaries(["etcd", "kube-apiserver"], machine), expected);
    assert.deepEqual(await obtainBinaries(["etcd", "kube-apiserver"], machine), expected);
    assert.equal(await Deno.readTextFile(`${go}.calls`), "called\ncalled\n");
    const { stdout } = await new Deno.Command(expected.etcd).output();
    assert.equal(new TextDecoder().decode(stdout), "go.etcd.io/etcd/server/v3 0\n");
    assert.equal(printed.length, 2);
    assert.match(printed[0]!, /^ {2}cd \/.*\/module && CGO_ENABLED=0 GOWORK=off go build /m);
    assert.match(printed[1]!, /-X k8s\.io\/component-base\/version\.gitVersion=v1\.36\.3 /);
  });
});

Deno.test("two that build at the same moment build once", async () => {
  await onMachine(async ({ root, surroundings, printed }) => {
    const go = await put(`${root}/bin/go`, FAKE_GO.replace("echo", "sleep 0.2; echo"));
    const [first, second] = await Promise.all([
      obtainBinaries(["etcd"], surroundings()),
      obtainBinaries(["etcd"], surroundings()),
    ]);
    assert.deepEqual(first, second);
    assert.equal(await Deno.readTextFile(`${go}.calls`), "called\n");
    assert.ok(printed.includes("Waiting for another process that builds etcd."));
  });
});

Deno.test("another go.mod, and another XDG_CACHE_HOME, mean another place in the cache", async () => {
  await onMachine(async ({ root, surroundings }) => {
    await put(`${root}/bin/go`, FAKE_GO);
    const before = await obtainBinaries(["etcd"], surroundings());
    await Deno.writeTextFile(`${root}/module/go.sum`, "changed\n");
    const after = await obtainBinaries(["etcd"], surroundings());
    const elsewhere = surroundings({ XDG_CACHE_HOME: `${root}/xdg` });
    assert.notEqual(after.etcd, before.etcd);
    assert.deepEqual(await obtainBinaries(["etcd"], elsewhere), {
      etcd: cachePath(`${root}/xdg`, "etcd", elsewhere.module),
    });
  });
});

Deno.test("a build that fails leaves nothing in the cache and says what to do instead", async () => {
  await onMachine(async ({ root, surroundings }) => {
    await put(`${root}/bin/go`, BROKEN_GO);
    await assert.rejects(obtainBinaries(["etcd"], surroundings()), {
      name: "BinariesError",
      message:
        /^etcd does not build; go ended with status 1:\ndial tcp: no such host\nRun the command by hand, or set KUBEBUILDER_ASSETS instead:\n {2}cd /,
    });
    assert.deepEqual(findBinaries(["etcd"], surroundings()), {
      ok: new Map([["etcd", { go: `${root}/bin/go` }]]),
    });
  });
});

Deno.test("without Go and assets it says how to have them; kubectl alone may come from PATH", async () => {
  await onMachine(async ({ root, surroundings }) => {
    const kubectl = await put(`${root}/bin/kubectl`);
    assert.deepEqual(findBinaries(["kubectl"], surroundings()), {
      ok: new Map([["kubectl", { path: kubectl }]]),
    });
    const missing = "etcd and kubectl cannot be found. Either put Go on PATH, so that " +
      `${root}/module/go.mod is built, or set KUBEBUILDER_ASSETS to a directory that holds them, ` +
      "such as the one that `setup-envtest use 1.36 -p path` prints.";
    assert.deepEqual(findBinaries(["etcd", "kubectl"], surroundings()), { missing });
    await assert.rejects(obtainBinaries(["etcd", "kubectl"], surroundings()), {
      name: "BinariesError",
      message: missing,
    });
  });
});

for (
  const [name, env, message] of [
    ["KUBECTL", { KUBECTL: "/nowhere/kubectl" }, "/nowhere/kubectl, which is no executable file."],
    ["KUBEBUILDER_ASSETS", { KUBEBUILDER_ASSETS: "/nowhere" }, "/nowhere, which is no directory."],
  ] as const
) {
  Deno.test(`${name} that names nothing usable is refused`, async () => {
    await onMachine(async ({ surroundings }) => {
      await assert.rejects(obtainBinaries(["kubectl"], surroundings(env)), {
        name: "BinariesError",
        message: `${name} names ${message}`,
      });
    });
  });
}
