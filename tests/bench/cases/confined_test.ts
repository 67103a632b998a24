import assert from "node:assert/strict";
import type { Cgroup } from "../machine/cgroup.ts";
import { combined } from "../report/combine.ts";
import { report, tables } from "../report/report.ts";
import type { Result } from "../report/result.ts";
import { CASES } from "./all.ts";
import { confined, type Run } from "./confined.ts";

const LIMIT = 100 * 1024 * 1024;
const ORIGIN = { machine: "", date: "", command: "" };

function cgroupWith(oomKills: number): Cgroup {
  return {
    procsFiles: [],
    peakBytes: () => LIMIT,
    oomKills: () => oomKills,
    remove: () => Promise.resolve(),
  };
}

const ENDED = new Error("operator ended with status 137 (killed), with 7 of 9 bindings done");

async function runIn(
  cgroup: Cgroup,
  run: () => Promise<Run>,
): Promise<{ found: Run; said: string[] }> {
  const said: string[] = [];
  const found = await confined(cgroup, 9, (line) => void said.push(line), run);
  return { found, said };
}

Deno.test("confined: a run that ends well also shows what its group was charged", async () => {
  const run = () => Promise.resolve({ bindings: 9, readySeconds: 3, problems: ["odd"] });
  assert.deepEqual(await runIn(cgroupWith(0), run), {
    found: {
      ...{ bindings: 9, readySeconds: 3, problems: ["odd"] },
      ...{ cgroupPeakBytes: LIMIT, oomKills: 0 },
    },
    said: [],
  });
});

Deno.test("confined: a kill for want of memory is a result, not a problem", async () => {
  assert.deepEqual(await runIn(cgroupWith(1), () => Promise.reject(ENDED)), {
    found: { bindings: 9, cgroupPeakBytes: LIMIT, oomKills: 1, problems: [] },
    said: [`killed by its memory limit: ${ENDED.message}`],
  });
});

Deno.test("confined: whatever else fails is not taken for the kernel's kill", async () => {
  await assert.rejects(runIn(cgroupWith(0), () => Promise.reject(ENDED)), ENDED);
});

Deno.test("a kill misses the aim of none, and leaves out what was not reached", async () => {
  const { found } = await runIn(cgroupWith(1), () => Promise.reject(ENDED));
  const results = ["pod", "5000-pod", "5000-wi-pod"].map((name) => resultOf(name, found));
  const shown = tables(results, ORIGIN);
  const rowsOf = (heading: string) => shown.find((table) => table.heading === heading)?.rows;
  assert.deepEqual(rowsOf("Aims"), [
    ["pod", "all ready <= 40 s", "not measured", "?"],
    ["pod", "0 kills", "1", "MISSED"],
    ["5000-pod", "0 kills", "1", "MISSED"],
    ["5000-wi-pod", "0 kills", "1", "MISSED"],
  ]);
  assert.deepEqual(rowsOf("Speed")?.map((row) => row.slice(1)), [
    ["killed", "", "", "", "", ""],
    ["killed", "", "", "", "", ""],
    ["killed", "", "", "", "", ""],
  ]);
  assert.ok(!report(results, ORIGIN).includes("PROBLEM"));
});

function resultOf(name: string, found: Run): Result {
  const line = CASES.flatMap(({ lines }) => lines).find((each) => each.case === name)!;
  return combined(line, [{ case: name, ...found }], undefined, true);
}
