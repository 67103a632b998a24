import { OPERATOR } from "../../e2e/servers/manifests.ts";
import { BenchNamespace } from "../cluster/namespace.ts";
import { oneIdentity } from "../cluster/workload.ts";
import type { Result } from "../report/result.ts";
import { type Bench, serversCpuSeconds } from "../scenario.ts";
import { runFloor } from "../servers/floor.ts";
import type { Case } from "./case.ts";

const WIDTH = 64;
const TITLE = `floor: a bare loop of the same API writes, ${WIDTH} at a time`;

/** What the API server alone takes. */
export const floorCase: Case = { name: "floor", title: TITLE, run };

async function* run(bench: Bench): AsyncGenerator<Result> {
  const { plane, v8Flags } = bench;
  const bindings = bench.quick ? 200 : 1_000;
  await using namespace = await BenchNamespace.create(plane, oneIdentity(bindings));
  const access = await plane.serviceAccountKubeconfig(OPERATOR.namespace, OPERATOR.serviceAccount);
  const token = await Deno.readTextFile(`${access.directory}/token`);
  const task = { server: plane.url, caPem: plane.caPem, token, namespace: namespace.name };
  const before = serversCpuSeconds(bench);
  const floor = await runFloor({ ...task, count: bindings, width: WIDTH }, v8Flags);
  yield {
    case: "floor",
    title: TITLE,
    bindings,
    readySeconds: floor.seconds,
    cpuSeconds: floor.cpuSeconds,
    serverCpuSeconds: serversCpuSeconds(bench) - before,
    peakRssBytes: floor.peakRssBytes,
    writesPerBinding: 4,
    aims: [],
    problems: [],
  };
}
