import assert from "node:assert/strict";
import { findBinaries, NO_BUILD } from "../e2e/servers/binaries.ts";
import { onMachine, put } from "../e2e/servers/fake_machine.ts";
import { buildNotice, reachesApiServer } from "./build_notice.ts";

Deno.test("deno task test says what is to be built, how long that takes and how much it fills", async () => {
  await onMachine(async ({ root, surroundings }) => {
    await put(`${root}/bin/go`);
    const servers = findBinaries(["etcd", "kubectl"], surroundings());
    const helm = findBinaries(["helm"], surroundings());
    assert.equal(
      buildNotice(servers, helm),
      "Before the first test on a real API server, Go builds etcd, kubectl and helm, once: on two " +
        "cores it takes 5 to 30 minutes and, with Go's own caches, up to 4.4 GB below your home " +
        "directory.\n`deno task test:fast` does without, and takes less than two minutes.",
    );
    assert.match(buildNotice(helm)!, /Go builds helm, once/);
  });
});

Deno.test("deno task test says nothing of building where all is there, or nothing can be built", async () => {
  await onMachine(async ({ root, surroundings }) => {
    assert.equal(buildNotice(findBinaries(["etcd"], surroundings())), undefined);
    await put(`${root}/bin/go`);
    assert.equal(buildNotice(findBinaries(["etcd"], surroundings({ [NO_BUILD]: "1" }))), undefined);
    await put(`${root}/assets/etcd`);
    const there = surroundings({ KUBEBUILDER_ASSETS: `${root}/assets` });
    assert.equal(buildNotice(findBinaries(["etcd"], there)), undefined);
  });
});

Deno.test("the notice is for runs that reach the real API server", () => {
  const reaching = [[], ["."], ["tests"], ["./tests/"], ["tests/unit", "tests/e2e/rbac_test.ts"]];
  for (const paths of reaching) assert.equal(reachesApiServer(paths), true, paths.join());
  for (const paths of [["tests/unit"], ["tests/in_memory/operator_test.ts"]]) {
    assert.equal(reachesApiServer(paths), false, paths.join());
  }
});
