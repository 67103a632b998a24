import assert from "node:assert/strict";
import { findBinaries } from "../e2e/servers/binaries.ts";
import { onMachine, put } from "../e2e/servers/fake_machine.ts";
import { chartNotice } from "./chart_notice.ts";

Deno.test("where Helm cannot be had, deno task ok says that the chart was not compared", async () => {
  await onMachine(async ({ root, surroundings }) => {
    const notice = chartNotice(findBinaries(["helm"], surroundings()))!;
    assert.match(notice, /^The chart was not compared: without Helm, /);
    assert.match(notice, /put Go|install Go|Go on PATH/i);
    await put(`${root}/bin/go`);
    assert.equal(chartNotice(findBinaries(["helm"], surroundings())), undefined);
  });
});

Deno.test("where Helm is there, deno task ok says nothing of it", async () => {
  await onMachine(async ({ root, surroundings }) => {
    await put(`${root}/assets/helm`);
    const there = surroundings({ KUBEBUILDER_ASSETS: `${root}/assets` });
    assert.equal(chartNotice(findBinaries(["helm"], there)), undefined);
  });
});
