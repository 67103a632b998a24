import assert from "node:assert/strict";
import { usageErrorText } from "../../../../src/cli/flags/usage_error.ts";

Deno.test("usage error: each is a line, without secrets, and cut", () => {
  const token = `${btoa('{"alg":"none"}')}.${btoa('{"aud":"a"}')}.`;
  assert.equal(
    usageErrorText(["--a is wrong.", `--b=${token}, which is wrong.`, "x".repeat(3000)]),
    [
      "--a is wrong.",
      "--b=[redacted], which is wrong.",
      `${"x".repeat(2045)}...`,
      "See --help for all flags.",
      "",
    ].join("\n"),
  );
});
