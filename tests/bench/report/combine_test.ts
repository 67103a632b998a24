import assert from "node:assert/strict";
import { atMost } from "./aims.ts";
import { combined } from "./combine.ts";
import type { Line } from "./result.ts";

const LINE: Line = {
  case: "some",
  title: "something",
  kind: "rollout",
  aims: [atMost("all ready", 7, "s", ({ readySeconds }) => readySeconds)],
};

const RUNS = [
  { case: "some", bindings: 10, readySeconds: 8, cpuSeconds: 3, calls: { get: 8 }, problems: [] },
  {
    case: "some",
    bindings: 10,
    readySeconds: 6,
    cpuSeconds: 4,
    calls: { get: 6 },
    problems: ["odd"],
  },
  {
    case: "some",
    bindings: 10,
    readySeconds: 7,
    cpuSeconds: 5,
    calls: { get: 7 },
    problems: ["odd"],
  },
];

Deno.test("of several runs come each figure's median and range, and the middle one's calls", () => {
  assert.deepEqual(combined(LINE, RUNS, undefined, true), {
    case: "some",
    title: "something",
    kind: "rollout",
    runs: 3,
    bindings: 10,
    readySeconds: 7,
    cpuSeconds: 4,
    calls: { get: 7 },
    ranges: { readySeconds: [6, 8], cpuSeconds: [3, 5] },
    aims: [{ what: "all ready <= 7 s", met: true, came: "7 s (6 to 8)" }],
    problems: ["odd"],
  });
});

Deno.test("one run has no range, and aims that are not to be judged are left out", () => {
  assert.deepEqual(combined(LINE, RUNS.slice(0, 1), undefined, false), {
    ...{ case: "some", title: "something", kind: "rollout", runs: 1 },
    ...{ bindings: 10, readySeconds: 8, cpuSeconds: 3, calls: { get: 8 } },
    ...{ ranges: {}, aims: [], problems: [] },
  });
});

Deno.test("a run that did not reach a figure has no part in its median and range", () => {
  const killed = { case: "some", bindings: 10, oomKills: 1, problems: [] };
  const runs = [...RUNS.map((run) => ({ ...run, oomKills: 0 })), killed];
  const { readySeconds, oomKills, ranges, aims } = combined(LINE, runs, undefined, true);
  assert.deepEqual({ readySeconds, oomKills, ranges, aims }, {
    readySeconds: 7,
    oomKills: 0,
    ranges: { readySeconds: [6, 8], cpuSeconds: [3, 5], oomKills: [0, 1] },
    aims: [{ what: "all ready <= 7 s", met: undefined, came: "not measured" }],
  });
});

Deno.test("without a run there is a line with nothing but aims that were not measured", () => {
  assert.deepEqual(combined(LINE, [], undefined, true), {
    ...{ case: "some", title: "something", kind: "rollout", runs: 0, ranges: {}, problems: [] },
    aims: [{ what: "all ready <= 7 s", met: undefined, came: "not measured" }],
  });
});
