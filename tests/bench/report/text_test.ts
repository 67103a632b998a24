import assert from "node:assert/strict";
import fc from "fast-check";
import { apart, count, figure, inUnit, size } from "./text.ts";

Deno.test("apart: a value shows the side of its limit on which it lies", () => {
  const cases: [value: number, limit: number, expected: string][] = [
    [1.131842, 2, "1.13"],
    [2.003604483333333, 2, "2.004"],
    [1.9999999, 2, "1.9999999"],
    [2, 2, "2"],
    [100.818944, 100, "101"],
    [100.018944, 100, "100.02"],
    [65.998848, 65, "66"],
    [0, 0, "0"],
    [40.480790393, 35, "40.5"],
    [7.3654, 12, "7.37"],
  ];
  assert.deepEqual(
    cases.map(([value, limit]) => apart(value, limit)),
    cases.map((each) => each[2]),
  );
});

Deno.test("apart: whatever the value, its text compares with the limit as the value does", () => {
  const double = fc.double({ noNaN: true, noDefaultInfinity: true });
  fc.assert(fc.property(double, double, (value, limit) => {
    assert.equal(Number(apart(value, limit)) <= limit, value <= limit);
  }));
  const offset = fc.double({ min: -1e-9, max: 1e-9, noNaN: true });
  fc.assert(fc.property(offset, (offset) => {
    assert.equal(Number(apart(2 + offset, 2)) <= 2, 2 + offset <= 2);
  }));
});

Deno.test("figure and size: digits by size, the range of several runs, nothing for nothing", () => {
  assert.deepEqual(
    [
      figure(undefined, "s"),
      figure(0.40893, "s"),
      figure(13.1946, "s"),
      figure(271.3, "s"),
      figure(4, ""),
      figure(7.3654, "s", [7.1, 11.04]),
      size(undefined),
      size(77414400),
      size(77414400, [76e6, 78.26e6]),
      count(1234567),
      inUnit("4", ""),
    ],
    [
      "",
      "0.41 s",
      "13.2 s",
      "271 s",
      "4",
      "7.37 s (7.10 to 11.0)",
      "",
      "77.4 MB",
      "77.4 MB (76.0 to 78.3)",
      "1,234,567",
      "4",
    ],
  );
});
