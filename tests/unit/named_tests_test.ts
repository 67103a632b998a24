import assert from "node:assert/strict";
import { isNamedIn, missingTests, testsIn } from "./named_tests.ts";

Deno.test("named tests: a name that no test has is found out", () => {
  assert.equal(isNamedIn('Deno.test("one", f);', "one"), true);
  assert.equal(isNamedIn("Deno.test(`one ${of}`, f);", "one ${of}"), true);
  assert.equal(isNamedIn('Deno.test("one of two", f);', "one"), false);
  assert.deepEqual(testsIn('`tests/a_test.ts` "one"; `tests/b/c_test.ts` "two: three"'), [
    { file: "tests/a_test.ts", name: "one" },
    { file: "tests/b/c_test.ts", name: "two: three" },
  ]);
  const tests = ["tests/no/such_test.ts", "tests/unit/named_tests_test.ts"]
    .map((file) => ({ file, name: `${file} has this` }));
  assert.deepEqual(missingTests(tests), tests);
});
