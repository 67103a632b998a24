import assert from "node:assert/strict";
import { growthCase } from "../cases/growth.ts";
import { judge } from "./aims.ts";
import { callsTable } from "./calls.ts";
import { cpuTimes, growthTable } from "./growth.ts";
import type { Result } from "./result.ts";
import { memoryTable, speedTable } from "./speed.ts";
import { markdown, parseTables } from "./table.ts";
import { aimsTable, problemsTable } from "./verdicts.ts";

const BASE = { title: "some", runs: 1, ranges: {}, aims: [], problems: [] };

const AZURE = {
  calls: { imds: 1, entra: 0, exchange: 1, token: 1_000 },
  throttles: { rate: 2, concurrency: 3 },
  problems: [],
};

const RESULTS: readonly Result[] = [
  { ...BASE, case: "memory-bare", kind: "memory", rssBytes: 35e6, mappedBytes: 25e6 },
  {
    ...BASE,
    case: "v1beta1",
    kind: "rollout",
    readySeconds: 7.4,
    p50Seconds: 3.9,
    cpuSeconds: 3,
    serverCpuSeconds: 9.8,
    peakRssBytes: 77e6,
    stallSeconds: 0.12,
    ranges: { readySeconds: [7, 8], peakRssBytes: [76e6, 78e6] },
    azure: AZURE,
    calls: { "create secrets": 1_000, "list secrets": 1, "patch secrets 429": 4 },
    aims: [
      { what: "CPU <= 2 s", met: false, came: "3 s" },
      { what: "1 exchange", met: true, came: "1" },
      { what: "all ready / floor <= 1.5 times", met: undefined, came: "not measured" },
    ],
  },
  {
    ...BASE,
    case: "idle",
    kind: "idle",
    rssBytes: 66e6,
    idleCpuMillisPerSecond: 1.13,
    stallSeconds: 0.012,
    calls: { "update leases": 15 },
    problems: ["a | b"],
  },
  {
    ...BASE,
    case: "growth-5000",
    kind: "growth",
    bindings: 5_000,
    readySeconds: 40,
    cpuSeconds: 16,
    writesPerBinding: 4,
    peakRssBytes: 100e6,
    stallSeconds: 0.21,
  },
];

Deno.test("each table shows the results of its kind", () => {
  assert.deepEqual(speedTable(RESULTS).rows, [[
    ...["v1beta1: some", "7.40 s (7.00 to 8.00)", "3.90 s", "3.00 s", "9.80 s"],
    ...["77.0 MB (76.0 to 78.0)", "0.12 s"],
  ]]);
  assert.deepEqual(memoryTable(RESULTS).rows, [
    ["memory-bare: some", "35.0 MB", "25.0 MB", "", "", ""],
    ["idle: some", "66.0 MB", "", "", "1.13 ms", "0.01 s"],
  ]);
  assert.deepEqual(growthTable(RESULTS).rows, [[
    ...["5,000", "8.00 ms", "3.20 ms", "4", "100.0 MB", "0.21 s"],
  ]]);
  assert.deepEqual(aimsTable(RESULTS).rows, [
    ["v1beta1", "CPU <= 2 s", "3 s", "MISSED"],
    ["v1beta1", "1 exchange", "1", "yes"],
    ["v1beta1", "all ready / floor <= 1.5 times", "not measured", "?"],
  ]);
  assert.deepEqual(problemsTable(RESULTS).rows, [["idle", "a \\| b"]]);
});

Deno.test("growth: CPU a binding must stay within 1.5 times that of 100", () => {
  const [aim] = growthCase.lines.at(-1)!.aims;
  const few = { bindings: 100, cpuSeconds: 0.5 };
  const judged = [{ cpuSeconds: 30 }, { cpuSeconds: 40 }, {}].map((many) => {
    const times = cpuTimes(few, { bindings: 5_000, ...many });
    return judge(aim!, [times === undefined ? {} : { cpuTimesFewest: times }], undefined);
  });
  const what = "CPU a binding / that of 100 <= 1.5 times";
  assert.deepEqual(judged, [
    { what, met: true, came: "1.2 times" },
    { what, met: false, came: "1.6 times" },
    { what, met: undefined, came: "not measured" },
  ]);
});

Deno.test("calls: by kind, by verb and resource, and what was refused, a column a case", () => {
  assert.deepEqual(callsTable(RESULTS), {
    heading: "Calls",
    columns: ["Calls", "v1beta1", "idle"],
    rows: [
      ["IMDS", "1", ""],
      ["Entra", "0", ""],
      ["registry: exchange", "1", ""],
      ["registry: scoped token", "1,000", ""],
      ["refused by IMDS's rate", "2", ""],
      ["refused by IMDS's concurrency", "3", ""],
      ["refused by the API server (429)", "4", "0"],
      ["create secrets", "1,000", "0"],
      ["update leases", "0", "15"],
      ["patch secrets 429", "4", "0"],
      ["list secrets", "1", "0"],
    ],
  });
});

Deno.test("markdown: aligned, and read back as it was", () => {
  const table = { heading: "H", columns: ["A", "Long"], rows: [["1", ""], ["22222", "x"]] };
  const text = markdown(table);
  assert.equal(
    text,
    "### H\n\n| A     | Long |\n| ----- | ---- |\n| 1     |      |\n| 22222 | x    |",
  );
  assert.deepEqual(parseTables(`before\n\n${text}\n\n${text}\n`), [table, table]);
});
