import assert from "node:assert/strict";
import { ageOf, humanDuration } from "./table/age.ts";
import { compileJsonPath } from "./table/json_path.ts";

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

const AGES: [number, string][] = [
  [-2 * SECOND, "<invalid>"],
  [-SECOND, "0s"],
  [0, "0s"],
  [119 * SECOND, "119s"],
  [2 * MINUTE, "2m"],
  [9 * MINUTE + 59 * SECOND, "9m59s"],
  [10 * MINUTE + 59 * SECOND, "10m"],
  [179 * MINUTE, "179m"],
  [3 * HOUR, "3h"],
  [7 * HOUR + 5 * MINUTE, "7h5m"],
  [8 * HOUR + 5 * MINUTE, "8h"],
  [47 * HOUR, "47h"],
  [2 * DAY, "2d"],
  [7 * DAY + 3 * HOUR, "7d3h"],
  [8 * DAY + 3 * HOUR, "8d"],
  [729 * DAY, "729d"],
  [730 * DAY, "2y"],
  [800 * DAY, "2y70d"],
  [8 * 365 * DAY + DAY, "8y"],
];

for (const [millis, text] of AGES) {
  Deno.test(`an age of ${millis} ms reads ${text}`, () => {
    assert.equal(humanDuration(millis), text);
  });
}

Deno.test("an age without a beginning is unknown", () => {
  assert.deepEqual([ageOf(undefined, 0), ageOf("", 0)], ["<unknown>", "<unknown>"]);
});

const OBJECT = {
  spec: { a: { b: 1 }, list: [1, 2, 3], "odd.key": "x" },
  status: {
    conditions: [
      { type: "Other", status: "False", n: 1 },
      { type: "Ready", status: "True", n: 2 },
    ],
  },
};

const PATHS: [string, unknown[]][] = [
  [".spec.a.b", [1]],
  ["$.spec.a.b", [1]],
  ["{.spec.a.b}", [1]],
  [".spec.none.b", []],
  [".spec.list[0]", [1]],
  [".spec.list[-1]", [3]],
  [".spec.list[*]", [1, 2, 3]],
  [".spec.a.*", [1]],
  [".spec['odd.key']", ["x"]],
  ['.status.conditions[?(@.type=="Ready")].status', ["True"]],
  [".status.conditions[?(@.type=='Ready')].status", ["True"]],
  [".status.conditions[?(@.type!='Ready')].status", ["False"]],
  [".status.conditions[?(@.n > 1)].type", ["Ready"]],
  [".status.conditions[?(@.n<=1)].type", ["Other"]],
];

for (const [path, found] of PATHS) {
  Deno.test(`the path ${path} finds ${JSON.stringify(found)}`, () => {
    assert.deepEqual(compileJsonPath(path)(OBJECT), found);
  });
}

Deno.test("a path that cannot be read tells where", () => {
  assert.throws(() => compileJsonPath(".spec.a[oops]"), {
    message: "JSONPath .spec.a[oops] cannot be read at character 8",
  });
});
