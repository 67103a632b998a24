import { oneIdentity } from "../cluster/workload.ts";
import { type Aim, atMost } from "../report/aims.ts";
import { cpuTimes } from "../report/growth.ts";
import type { Figures, Measurement, Result } from "../report/result.ts";
import type { Bench } from "../scenario.ts";
import type { Case } from "./case.ts";
import { rollOut } from "./rollout.ts";

const TITLE = "growth";

const FLAT: Aim = atMost(
  "CPU a binding / that of 100",
  1.5,
  "times",
  ({ cpuTimesFewest }) => cpuTimesFewest,
);

/** A number of bindings to measure. */
interface Size {
  readonly bindings: number;
  /** The case that has measured the same already. */
  readonly measuredBy?: string;
  readonly aims: readonly Aim[];
}

/** The fewest first. */
const SIZES: readonly Size[] = [
  { bindings: 100, aims: [] },
  { bindings: 1_000, measuredBy: "v1beta1", aims: [] },
  { bindings: 5_000, measuredBy: "5000", aims: [FLAT] },
];

/** What a binding costs among few and among many. */
export const growthCase: Case = {
  name: "growth",
  title: TITLE,
  lines: SIZES.map(({ bindings, aims }) => ({
    case: lineName(bindings),
    title: TITLE,
    kind: "growth",
    aims,
  })),
  runs: 1,
  run,
};

async function* run(bench: Bench, before: readonly Result[]): AsyncGenerator<Measurement> {
  let fewest: Figures | undefined;
  for (const { bindings, measuredBy } of bench.quick ? SIZES.slice(0, 1) : SIZES) {
    const known = before.find((result) =>
      result.case === measuredBy && result.bindings === bindings
    );
    const figures = known === undefined
      ? await rollOut(bench, oneIdentity(bindings), { withinMs: 120_000 })
      : figuresOf(known);
    fewest ??= figures;
    const times = cpuTimes(fewest, figures);
    yield {
      problems: [],
      ...figures,
      ...(times === undefined ? {} : { cpuTimesFewest: times }),
      case: lineName(bindings),
    };
  }
}

function lineName(bindings: number): string {
  return `growth-${bindings}`;
}

function figuresOf(
  { bindings, readySeconds, cpuSeconds, writesPerBinding, peakRssBytes, stallSeconds }: Result,
): Figures {
  const figures = {
    bindings,
    readySeconds,
    cpuSeconds,
    writesPerBinding,
    peakRssBytes,
    stallSeconds,
  };
  return Object.fromEntries(Object.entries(figures).filter(([, value]) => value !== undefined));
}
