import { fileURLToPath } from "node:url";
import { oneIdentity } from "../cluster/workload.ts";
import { type Memory, memoryOf } from "../machine/proc.ts";
import { atMost } from "../report/aims.ts";
import { type Line, type Measurement, megabytes } from "../report/result.ts";
import { type Bench, Scenario } from "../scenario.ts";
import type { Case } from "./case.ts";

const TITLE = "idle without bindings";
const SOURCE = fileURLToPath(new URL("../../../src/main.ts", import.meta.url));

const LINES = {
  bare: line("memory-bare", "bare Deno with a timer"),
  source: line("memory-source", `${TITLE}, from source`),
  unsized: line("memory-unsized", `${TITLE}, the bundle without flags for V8`),
  bundle: {
    ...line("memory-bundle", `${TITLE}, the bundle`),
    aims: [atMost("RSS", 60, "MB", ({ rssBytes }) => rssBytes && megabytes(rssBytes))],
  },
};

/** Where memory goes before there is any work: Deno itself, the source, the bundle. */
export const memoryCase: Case = {
  name: "memory",
  title: TITLE,
  lines: Object.values(LINES),
  runs: 1,
  run,
};

async function* run(bench: Bench): AsyncGenerator<Measurement> {
  yield measurement(LINES.bare, await bareDeno(bench));
  await using scenario = await Scenario.prepare(bench, oneIdentity(0));
  const source = [Deno.execPath(), "run", "--quiet", "--allow-all", SOURCE];
  const variants = [
    [LINES.source, source, cacheEnvironment()],
    [LINES.unsized, scenario.program([]), {}],
    [LINES.bundle, scenario.program(), {}],
  ] as const;
  for (const [line, program, env] of variants) {
    const operator = await scenario.start({ program, env });
    await operator.runFor(settleMs(bench));
    const memory = operator.memory();
    const stallSeconds = await operator.longestStallSeconds();
    await operator.stop();
    yield { ...measurement(line, memory), stallSeconds };
  }
}

async function bareDeno(bench: Bench): Promise<Memory> {
  const script = `${bench.directory}/bare.js`;
  await Deno.writeTextFile(script, "setTimeout(() => {}, 60_000);\n");
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-config", "--no-lock", script],
  }).spawn();
  await new Promise((resolve) => setTimeout(resolve, settleMs(bench)));
  const memory = memoryOf(child.pid);
  child.kill("SIGKILL");
  await child.status;
  return memory;
}

/** Where Deno keeps modules, which the source needs and the bundle does not. */
function cacheEnvironment(): Record<string, string> {
  const names = ["DENO_DIR", "XDG_CACHE_HOME", "HOME"];
  return Object.fromEntries(
    names.map((name) => [name, Deno.env.get(name)] as const)
      .filter((pair): pair is [string, string] => pair[1] !== undefined),
  );
}

function settleMs({ quick }: Bench): number {
  return quick ? 2_000 : 5_000;
}

function line(name: string, title: string): Line {
  return { case: name, title, kind: "memory", aims: [] };
}

function measurement(line: Line, memory: Memory): Measurement {
  return {
    case: line.case,
    bindings: 0,
    rssBytes: memory.rss,
    peakRssBytes: memory.peak,
    mappedBytes: memory.mapped,
    problems: [],
  };
}
