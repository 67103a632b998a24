import assert from "node:assert/strict";
import { onMachine, put } from "./fake_machine.ts";
import { haveBinaries } from "./gate.ts";

Deno.test("without binaries the tests are skipped, and that is said once", async () => {
  await onMachine(({ surroundings, printed }) => {
    assert.equal(haveBinaries(["etcd"], surroundings()), false);
    assert.equal(haveBinaries(["kube-apiserver"], surroundings({ CI: "false" })), false);
    assert.equal(printed.length, 1);
    assert.match(printed[0]!, /^End-to-end tests are skipped. etcd cannot be found. Either put Go/);
  });
});

Deno.test("without binaries it is an error in CI", async () => {
  await onMachine(({ surroundings, printed }) => {
    assert.throws(() => haveBinaries(["etcd", "kubectl"], surroundings({ CI: "true" })), {
      name: "BinariesError",
      message: /^End-to-end tests must run where CI is set. etcd and kubectl cannot be found. /,
    });
    assert.deepEqual(printed, []);
  });
});

Deno.test("Go on PATH is enough for the tests to run", async () => {
  await onMachine(async ({ root, surroundings, printed }) => {
    await put(`${root}/bin/go`);
    assert.equal(haveBinaries(["etcd", "kubectl"], surroundings({ CI: "true" })), true);
    assert.deepEqual(printed, []);
  });
});
