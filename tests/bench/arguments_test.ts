import assert from "node:assert/strict";
import { parseArguments } from "./arguments.ts";

Deno.test("parseArguments: cases by comma or again and again, flags as a list", () => {
  const args = ["--case=cold,floor", "--case", "pod", "--quick", "--v8-flags=--no-opt,--lite-mode"];
  assert.deepEqual(parseArguments(args), {
    cases: ["cold", "floor", "pod"],
    quick: true,
    readme: false,
    profile: false,
    list: false,
    bundle: undefined,
    v8Flags: ["--no-opt", "--lite-mode"],
  });
  assert.deepEqual(parseArguments(["--v8-flags="]).v8Flags, []);
});

Deno.test("parseArguments: refuses what does not go together", () => {
  assert.throws(() => parseArguments(["--readme", "--quick"]), /--readme stands alone/);
  assert.throws(() => parseArguments(["--profile", "--bundle=x.js"]), /leave --bundle out/);
  assert.throws(() => parseArguments(["--fast"]), TypeError);
});
