import assert from "node:assert/strict";
import { pathFaults } from "./test_paths.ts";

const TAKEN = [
  "tests",
  ".",
  "./tests/tasks/",
  "tests/tasks/test_paths_test.ts",
  "tests/tasks/*_test.ts",
  "tests/play",
];

for (const path of TAKEN) {
  Deno.test(`deno task test takes ${path}`, () => assert.deepEqual(pathFaults([path]), []));
}

Deno.test("deno task test tells of every path that it cannot use", () => {
  assert.equal(pathFaults(["a", "tests", "b"]).length, 2);
});
