import assert from "node:assert/strict";
import { atMost, exactly, judge } from "./aims.ts";
import type { Figures } from "./result.ts";

const ready = atMost("all ready", 12, "s", ({ readySeconds }) => readySeconds);
const ratio = atMost(
  "all ready / floor",
  1.5,
  "times",
  ({ readySeconds }, floor) =>
    readySeconds && floor?.readySeconds && readySeconds / floor.readySeconds,
);
const writes = exactly("writes", 2, (figures) => figures.writesPerBinding);

function runs(...seconds: number[]): Figures[] {
  return seconds.map((readySeconds) => ({ readySeconds }));
}

Deno.test("an aim is judged by the median of its runs, and shows their range", () => {
  assert.deepEqual(
    [
      judge(ready, runs(9.4), undefined),
      judge(ready, runs(13.19), undefined),
      judge(ready, runs(12.0004), undefined),
      judge(ready, runs(13, 11.5, 11), undefined),
      judge(ready, runs(12.6, 11.5, 12.1), undefined),
      judge(ratio, runs(7.5), { readySeconds: 4.75 }),
    ],
    [
      { what: "all ready <= 12 s", met: true, came: "9.4 s" },
      { what: "all ready <= 12 s", met: false, came: "13.2 s" },
      { what: "all ready <= 12 s", met: false, came: "12.0004 s" },
      { what: "all ready <= 12 s", met: true, came: "11.5 s (11 to 13)" },
      { what: "all ready <= 12 s", met: false, came: "12.1 s (11.5 to 12.6)" },
      { what: "all ready / floor <= 1.5 times", met: false, came: "1.58 times" },
    ],
  );
});

Deno.test("an exact aim must be met in every run", () => {
  const figures = (...values: number[]) => values.map((value) => ({ writesPerBinding: value }));
  assert.deepEqual(
    [judge(writes, figures(2, 2, 2), undefined), judge(writes, figures(2, 2, 3), undefined)],
    [
      { what: "2 writes", met: true, came: "2" },
      { what: "2 writes", met: false, came: "2 (2 to 3)" },
    ],
  );
});

Deno.test("an aim whose figure is missing is neither met nor missed", () => {
  const unknown = { what: "all ready <= 12 s", met: undefined, came: "not measured" };
  assert.deepEqual(judge(ready, [], undefined), unknown);
  assert.deepEqual(judge(ready, [...runs(9), {}], undefined), unknown);
  assert.equal(judge(ratio, runs(7.5), undefined).came, "not measured");
});
