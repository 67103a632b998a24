import assert from "node:assert/strict";
import config from "../../deno.json" with { type: "json" };
import { runTask } from "./run_task.ts";

/** The operator's own command line, which says more and is tested for itself. */
const OPERATOR = "start";
const TASKS = Object.keys(config.tasks).filter((name) => name !== OPERATOR);

for (const name of TASKS) {
  Deno.test(`deno task ${name} --help says how it is used, and does nothing else`, async () => {
    const { code, stdout, stderr } = await runTask(name, ["--help"]);
    assert.deepEqual({ code, stderr }, { code: 0, stderr: "" });
    assert.match(stdout, new RegExp(`^Usage:\n {2}deno task ${name} \\[flags\\]`, "m"));
    assert.match(stdout, /^ {2}--help, -h\n {6}Print this and exit\.$/m);
  });

  Deno.test(`deno task ${name} refuses a flag that it lacks in one sentence`, async () => {
    assert.deepEqual(await runTask(name, ["--hepl=x"]), {
      code: 2,
      stdout: "",
      stderr: "--hepl is no flag of this program: did you mean --help?\n",
    });
  });
}

Deno.test(`deno task ${OPERATOR} --help tells of the operator's flags`, async () => {
  const { code, stdout } = await runTask(OPERATOR, ["--help"]);
  assert.equal(code, 0);
  assert.match(stdout, /^Usage:\n {2}manager \[flags\]/m);
});

const REFUSED: readonly [task: string, args: readonly string[], sentence: string][] = [
  [
    "generate",
    ["--chekc"],
    "--chekc is no flag of this program: did you mean --check?",
  ],
  ["generate", ["check"], '"check" is no flag: --help lists them all.'],
  ["bench", ["--cas=cold"], "--cas is no flag of this program: did you mean --case?"],
  ["bench", ["--case=foo"], "--case=foo is no case: --list names them all."],
  ["compile", ["--target=sparc"], "--target=sparc is not known: write amd64 or arm64"],
  ["sbom", ["--commit=x"], '"x" is no commit: write its hash of 7 to 64 hexadecimal digits'],
  ["version", ["v2"], '"v2" is no version: write X.Y.Z, major, minor, patch, or --check'],
  ["version", ["major", "minor"], '"minor" is one argument too many: give one.'],
  ["version", ["--check", "major"], '--check and "major" exclude one another.'],
  ["deploy", ["apply"], '"apply" is no flag: --help lists them all.'],
  [
    "deploy",
    ["--acr-server=https://foo"],
    '--acr-server "https://foo" carries a scheme; give the host name alone, e.g. ' +
    "example.azurecr.io.",
  ],
  ["deploy", ["-o"], "-o needs a value: write -o=DIRECTORY|-."],
  ["test", ["-x"], "-x is no flag of this program: --help lists them all."],
  ["demo", ["once"], '"once" is no flag: --help lists them all.'],
  ["lint:promises", ["src"], '"src" is no flag: --help lists them all.'],
  [
    "test",
    ["nosuch"],
    'PATH "nosuch" does not exist: write it as from the root, e.g. tests/unit.',
  ],
  [
    "test",
    ["tests/unit", "tests/unit/nosuch_test.ts"],
    'PATH "tests/unit/nosuch_test.ts" does not exist: write it as from the root, e.g. tests/unit.',
  ],
  [
    "test",
    ["tests/unit/nosuch*"],
    'PATH "tests/unit/nosuch*" does not exist: write it as from the root, e.g. tests/unit.',
  ],
  [
    "test",
    ["deploy/samples/"],
    'PATH "deploy/samples/" holds no tests: write one that does, e.g. tests/unit.',
  ],
  ["test", ["README.md"], 'PATH "README.md" holds no tests: write one that does, e.g. tests/unit.'],
  // It has tests, but a configuration of its own, and deno.json leaves it out.
  [
    "test",
    ["tests/lint"],
    'PATH "tests/lint" holds no tests: write one that does, e.g. tests/unit.',
  ],
];

for (const [name, args, sentence] of REFUSED) {
  Deno.test(`deno task ${name} refuses ${args.join(" ")} in one sentence`, async () => {
    const { code, stdout, stderr } = await runTask(name, args);
    assert.deepEqual({ code, stdout, stderr }, { code: 2, stdout: "", stderr: `${sentence}\n` });
  });
}

Deno.test("deno task test refuses a KUBEBUILDER_ASSETS that is no directory in one sentence", async () => {
  const env = { KUBEBUILDER_ASSETS: "/no/such/directory" };
  assert.deepEqual(await runTask("test", [], env), {
    code: 2,
    stdout: "",
    stderr: "KUBEBUILDER_ASSETS names /no/such/directory, which is no directory.\n",
  });
});

Deno.test("deno task deploy --check names the command that keeps the options", async () => {
  const args = ["--check", "--replicas=3", "--extra-arg=--label-selector=tier in (web, api)"];
  const { code, stderr } = await runTask("deploy", args);
  assert.equal(code, 1);
  assert.match(
    stderr,
    /; run `deno task deploy --replicas=3 '--extra-arg=--label-selector=tier in \(web, api\)'`\n$/,
  );
});
