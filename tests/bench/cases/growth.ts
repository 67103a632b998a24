import { oneIdentity } from "../cluster/workload.ts";
import type { Figures, Measurement, Result } from "../report/result.ts";
import type { Bench } from "../scenario.ts";
import type { Case } from "./case.ts";
import { rollOut } from "./rollout.ts";

const TITLE = "growth";

/** Sizes, and the case that has measured the same already. */
const SIZES = [
  { bindings: 100 },
  { bindings: 1_000, measuredBy: "v1beta1" },
  { bindings: 5_000, measuredBy: "5000" },
];

/** What a binding costs among few and among many. */
export const growthCase: Case = {
  name: "growth",
  title: TITLE,
  lines: SIZES.map(({ bindings }) => ({
    case: lineName(bindings),
    title: TITLE,
    kind: "growth",
    aims: [],
  })),
  runs: 1,
  run,
};

async function* run(bench: Bench, before: readonly Result[]): AsyncGenerator<Measurement> {
  for (const { bindings, measuredBy } of bench.quick ? SIZES.slice(0, 1) : SIZES) {
    const known = before.find((result) =>
      result.case === measuredBy && result.bindings === bindings
    );
    const figures = known === undefined
      ? await rollOut(bench, oneIdentity(bindings), { withinMs: 120_000 })
      : figuresOf(known);
    yield { ...figures, case: lineName(bindings), problems: [] };
  }
}

function lineName(bindings: number): string {
  return `growth-${bindings}`;
}

function figuresOf(
  { bindings, readySeconds, cpuSeconds, writesPerBinding, peakRssBytes }: Result,
): Figures {
  const figures = { bindings, readySeconds, cpuSeconds, writesPerBinding, peakRssBytes };
  return Object.fromEntries(Object.entries(figures).filter(([, value]) => value !== undefined));
}
