import { basename } from "node:path";
import type { Case } from "../cases/case.ts";
import type { Workload } from "../cluster/workload.ts";
import { markdown } from "../report/table.ts";
import { type Bench, measure, Scenario } from "../scenario.ts";
import { type CpuProfile, selfTimes } from "./cpu_profile.ts";
import { Inspector } from "./inspector.ts";
import { modulesOf } from "./modules.ts";
import { type HeapUsage, type Profile, profileTables } from "./tables.ts";
import { threadTimes } from "./threads.ts";

const WITHIN_MS = 180_000;
const CONNECT_WITHIN_MS = 10_000;
const SAMPLE_US = 500;

/**
 * Profiles the roll-out of each case, with a bundle that is not minified, and yields its tables.
 * Each is rolled out twice: once for the CPU, once for the heap.
 * Throws for a case that has no roll-out.
 */
export async function* profileAll(cases: readonly Case[], bench: Bench): AsyncGenerator<string> {
  const other = cases.find(({ profiled }) => profiled === undefined);
  if (other !== undefined) throw new Error(`--profile: ${other.name} has no roll-out to profile`);
  for (const { name, profiled } of cases) {
    bench.say(`profile of ${name}`);
    const tables = profileTables(name, await profileOf(bench, profiled!(bench)));
    yield `\n${tables.map(markdown).join("\n\n")}`;
  }
}

async function profileOf(bench: Bench, workload: Workload): Promise<Profile> {
  return { ...await cpuOf(bench, workload), heap: await heapOf(bench, workload) };
}

/** Runs one roll-out under V8's profiler, from the first line of the program to the last. */
async function cpuOf(bench: Bench, workload: Workload): Promise<Omit<Profile, "heap">> {
  await using scenario = await Scenario.prepare(bench, workload);
  const directory = await Deno.makeTempDir({ dir: bench.directory, prefix: "profile-" });
  const flags = ["--cpu-prof", `--cpu-prof-dir=${directory}`, `--cpu-prof-interval=${SAMPLE_US}`];
  const program = scenario.program(bench.v8Flags, flags);
  const measured = await measure(scenario, { withinMs: WITHIN_MS }, { program });
  const { operator, readySeconds, cpuSeconds, serverCpuSeconds, problems } = measured;
  if (problems.length > 0) throw new Error(problems.join("; "));
  const threads = threadTimes(operator.pid);
  await operator.stop();
  const modules = modulesOf(await Deno.readTextFile(bench.bundle));
  const times = selfTimes(await profileIn(directory), basename(bench.bundle), modules);
  return { readySeconds, cpuSeconds, serverCpuSeconds, threads, times };
}

async function profileIn(directory: string): Promise<CpuProfile> {
  for await (const { name } of Deno.readDir(directory)) {
    if (name.endsWith(".cpuprofile")) {
      return JSON.parse(await Deno.readTextFile(`${directory}/${name}`)) as CpuProfile;
    }
  }
  throw new Error(`Deno has left no profile in ${directory}`);
}

/**
 * Runs one roll-out and collects its garbage. Only an inspector can ask for that, with which Deno
 * reports every request to it: what the CPU does is no longer what it would do.
 */
async function heapOf(bench: Bench, workload: Workload): Promise<HeapUsage> {
  await using scenario = await Scenario.prepare(bench, workload);
  const port = freePort();
  const program = scenario.program(bench.v8Flags, [`--inspect=127.0.0.1:${port}`]);
  const { operator } = await measure(scenario, { withinMs: WITHIN_MS }, { program });
  const heap = await collectedHeap(port);
  await operator.stop();
  return heap;
}

/** Deno does not end while somebody inspects it. */
async function collectedHeap(port: number): Promise<HeapUsage> {
  using inspector = await Inspector.connect(port, CONNECT_WITHIN_MS);
  await inspector.call("HeapProfiler.collectGarbage");
  return await inspector.call("Runtime.getHeapUsage") as HeapUsage;
}

function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}
