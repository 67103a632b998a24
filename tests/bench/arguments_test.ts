import assert from "node:assert/strict";
import { UsageError } from "../../deploy/task/task.ts";
import { parseArguments as parse } from "./arguments.ts";

const parseArguments = (args: readonly string[]) => parse(args, ["cold", "floor", "pod"]);

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
  assert.throws(() => parseArguments(["--fast"]), UsageError);
  assert.throws(() => parseArguments(["--cas=cold"]), {
    message: "--cas is no flag of this program: did you mean --case?",
  });
  assert.throws(() => parseArguments(["--case=cold,foo,bar"]), {
    message: "--case=foo,bar is no case: --list names them all.",
  });
  assert.throws(() => parseArguments(["--case="]), {
    message: "--case= names no case: --list names them all.",
  });
  assert.throws(() => parseArguments(["cold"]), {
    message: '"cold" is no flag: --help lists them all.',
  });
});
