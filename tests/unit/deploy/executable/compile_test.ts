import assert from "node:assert/strict";
import {
  compileArguments,
  compileOptions,
  programFlags,
} from "../../../../deploy/executable/compile.ts";
import { entryPoint } from "../../../../deploy/executable/entry_point.ts";
import { parseHosts } from "../../../../deploy/executable/host.ts";
import { permissionFlags } from "../../../../deploy/executable/permissions.ts";
import config from "../../../../deno.json" with { type: "json" };

const COMMIT = "0123456789abcdef0123456789abcdef01234567";

Deno.test("compile: the command line is read whole", () => {
  assert.deepEqual(compileOptions([]), { output: "build/manager", hosts: [] });
  assert.deepEqual(
    compileOptions([
      "--output=out/manager",
      "--target=arm64",
      `--commit=${COMMIT}`,
      "--allow-host=login.example:443,*.Registry.example:443",
      "--allow-host",
      "[fd00::1]:80",
    ]),
    {
      output: "out/manager",
      target: "aarch64-unknown-linux-gnu",
      commit: COMMIT,
      hosts: ["login.example:443", "*.registry.example:443", "[fd00::1]:80"],
    },
  );
});

Deno.test("compile: of the checksums given, the target's is taken, and must be there", () => {
  const [amd64, arm64] = ["1".repeat(64), "2".repeat(64)];
  const checksums = `--denort-sha256=amd64=${amd64},arm64=${arm64}`;
  assert.equal(compileOptions(["--target=amd64", checksums]).stubChecksum, amd64);
  assert.equal(compileOptions(["--target=arm64", checksums]).stubChecksum, arm64);
  assert.throws(() => compileOptions(["--target=arm64", `--denort-sha256=amd64=${amd64}`]), {
    message: "--denort-sha256 lacks arm64: add arm64=HASH",
  });
});

Deno.test("compile: a build argument that is empty counts as absent", () => {
  assert.deepEqual(
    compileOptions(["--target=", "--commit=", "--allow-host=", "--denort-sha256="]),
    {
      output: "build/manager",
      hosts: [],
    },
  );
});

Deno.test("compile: an unknown argument or architecture is refused", () => {
  assert.throws(() => compileOptions(["--target=sparc"]), {
    message: "--target=sparc is not known: write amd64 or arm64",
  });
  assert.throws(() => compileOptions(["--allow-all"]), /--allow-all/);
});

Deno.test("compile: Deno is told the permissions, and nothing allows everything", () => {
  const options = { output: "x", target: "t", hosts: ["login.example:443"] };
  const flags = compileArguments(options);
  assert.deepEqual(flags, [
    "compile",
    "--no-config",
    "--no-lock",
    "--no-npm",
    "--no-remote",
    "--v8-flags=--max-semi-space-size=2,--heap-growing-percent=40,--no-opt,--no-maglev,--expose-gc",
    ...permissionFlags({ hosts: ["login.example:443"] }),
    "--target",
    "t",
    "--output",
    "x",
    "build/manager.js",
  ]);
  assert.deepEqual(
    flags.filter((flag) => /^(-A|--allow-(all|run|ffi|write)|--allow-\w+$)/.test(flag)),
    [],
  );
});

Deno.test("compile: no feature of Deno's that is unstable is asked for, here or in any task", () => {
  assert.deepEqual(programFlags().filter((flag) => flag.startsWith("--unstable")), []);
  assert.doesNotMatch(JSON.stringify(config), /unstable/);
});

Deno.test("compile: the entry point tells the program its commit", () => {
  assert.equal(
    entryPoint(COMMIT),
    `import { run } from "../src/main.ts";\n\nrun("${COMMIT}");\n`,
  );
  assert.equal(entryPoint(), `import { run } from "../src/main.ts";\n\nrun();\n`);
  assert.throws(() => entryPoint('");evil("'), {
    message: '"");evil("" is no commit: write its hash of 7 to 64 hexadecimal digits',
  });
});

Deno.test("hosts: anything without a port, or that Deno would take for more, is refused", () => {
  const bad = [
    "login.example",
    "login.example:0",
    "login.example:65536",
    "*:443",
    "*.:443",
    "a.*.example:443",
    "https://login.example:443",
    "login.example:443/x",
    "fd00::1:443",
    "login example:443",
    "10.0.0.0/8:443",
    ":443",
  ];
  for (const item of bad) {
    assert.throws(
      () => parseHosts(item),
      { message: new RegExp(`^"[^"]+" is no host to allow`) },
      item,
    );
  }
});
