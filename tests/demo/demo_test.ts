import assert from "node:assert/strict";
import { DemoChild } from "./child.ts";

const STEPS = [
  "samples applied: 5 bindings in namespace msi-acrpull-demo",
  "the first Secret is written",
  "every binding is Ready, its Secret attached to its ServiceAccount",
  "every token is refreshed, each in the same Secret",
  "bindings deleted",
  "bindings, Secrets and references are gone",
  "no call to Azure departs from the protocol",
];

Deno.test("demo --once creates, refreshes and deletes every sample within 30 s", async () => {
  const begun = performance.now();
  const { code, stdout, stderr } = await new DemoChild(["--once"]).ended();
  assert.equal(code, 0, stdout + stderr);
  const steps = [...stdout.matchAll(/^ *\d+\.\d\d s {2}(.*)$/gm)].map(([, title]) => title!);
  assert.deepEqual(steps.slice(0, -1), STEPS);
  assert.match(steps.at(-1)!, /^no token stands in the [1-9]\d* entries of the operator's log$/);
  assert.ok(performance.now() - begun < 30_000);
});

Deno.test("demo writes the first Secret within 10 s, and Ctrl-C ends it without a trace", async () => {
  await using child = new DemoChild([]);
  const firstSecret = await child.said(/first Secret/, 20_000);
  assert.ok(firstSecret < 10_000, `the first Secret took ${firstSecret} ms`);
  await child.said(
    /v1beta2\/workload-identity is Ready, its token expires in (5\d s|1 min)/,
    5_000,
  );
  const begun = performance.now();
  child.interrupt();
  const { code, stdout, stderr } = await child.ended();
  assert.equal(code, 0, stdout + stderr);
  assert.ok(performance.now() - begun < 2_000);
  const kubeconfig = /export KUBECONFIG=(\S+)\n {2}kubectl get apb -A -w\n/.exec(stdout)![1]!;
  await assert.rejects(Deno.stat(kubeconfig), Deno.errors.NotFound);
});

Deno.test("demo refuses an unknown flag in one sentence", async () => {
  assert.deepEqual(await new DemoChild(["--onec"]).ended(), {
    code: 2,
    stdout: "",
    stderr: "--onec is no flag of this program: did you mean --once?\n",
  });
});

Deno.test("demo --help tells of every flag", async () => {
  const { code, stdout, stderr } = await new DemoChild(["--help"]).ended();
  assert.deepEqual([code, stderr], [0, ""]);
  for (
    const flag of [
      "--once",
      "--azure-knows samples|all",
      "--kubeconfig FILE",
      "--context NAME",
      "--help",
    ]
  ) {
    assert.ok(stdout.includes(`\n  ${flag}`), flag);
  }
});

Deno.test("demo says what is wrong with a kubeconfig", async () => {
  const { code, stdout } = await new DemoChild(["--once", "--kubeconfig=/none/such"]).ended();
  assert.equal(code, 1);
  assert.match(stdout, /^kubeconfig \/none\/such does not exist.*\n$/);
});
