import { oneIdentity } from "../cluster/workload.ts";
import type { Figures, Result } from "../report/result.ts";
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
export const growthCase: Case = { name: "growth", title: TITLE, run };

async function* run(bench: Bench, before: readonly Result[]): AsyncGenerator<Result> {
  for (const { bindings, measuredBy } of bench.quick ? SIZES.slice(0, 2) : SIZES) {
    const known = before.find((result) =>
      result.case === measuredBy && result.bindings === bindings
    );
    const figures = known === undefined ? await measured(bench, bindings) : figuresOf(known);
    yield { case: `growth-${bindings}`, title: TITLE, ...figures, aims: [], problems: [] };
  }
}

async function measured(bench: Bench, bindings: number): Promise<Figures> {
  return (await rollOut(bench, oneIdentity(bindings), { withinMs: 120_000 })).figures;
}

function figuresOf({ case: _, title: __, aims: ___, problems: ____, ...figures }: Result): Figures {
  return figures;
}
