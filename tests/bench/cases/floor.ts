import { OPERATOR } from "../../e2e/servers/manifests.ts";
import { bindingWrites, difference, serverWrites } from "../cluster/api_calls.ts";
import { BenchNamespace } from "../cluster/namespace.ts";
import { oneIdentity } from "../cluster/workload.ts";
import type { Line, Measurement } from "../report/result.ts";
import { type Bench, serversCpuSeconds } from "../scenario.ts";
import { runFloor } from "../servers/floor.ts";
import type { Case } from "./case.ts";

const WIDTH = 64;
const LINE: Line = {
  case: "floor",
  title: `a bare loop of the same API writes, ${WIDTH} at a time`,
  kind: "rollout",
  aims: [],
};

/** What the API server alone takes. */
export const floorCase: Case = {
  name: LINE.case,
  title: LINE.title,
  lines: [LINE],
  runs: 3,
  run,
};

async function* run(bench: Bench): AsyncGenerator<Measurement> {
  const { plane, v8Flags } = bench;
  const bindings = bench.quick ? 200 : 1_000;
  await using namespace = await BenchNamespace.create(plane, oneIdentity(bindings));
  const access = await plane.serviceAccountKubeconfig(OPERATOR.namespace, OPERATOR.serviceAccount);
  const token = await Deno.readTextFile(`${access.directory}/token`);
  const task = { server: plane.url, caPem: plane.caPem, token, namespace: namespace.name };
  const before = serversCpuSeconds(bench);
  const writesBefore = await serverWrites(plane);
  const floor = await runFloor({ ...task, count: bindings, width: WIDTH }, v8Flags);
  const calls = difference(writesBefore, await serverWrites(plane));
  yield {
    case: LINE.case,
    bindings,
    readySeconds: floor.seconds,
    cpuSeconds: floor.cpuSeconds,
    serverCpuSeconds: serversCpuSeconds(bench) - before,
    peakRssBytes: floor.peakRssBytes,
    calls,
    writesPerBinding: bindingWrites(calls) / bindings,
    problems: [],
  };
}
