import assert from "node:assert/strict";
import {
  faultOfDenortBin,
  isProgram,
  missingStubText,
} from "../../../../deploy/executable/denort.ts";
import { runTask } from "../../../tasks/run_task.ts";

const TARGET = "x86_64-unknown-linux-gnu";
/** As Deno 2.9.6 writes it where there is no network. */
const NO_NETWORK = `Compile build/manager.js to build/manager
Download https://dl.deno.land/release/v2.9.6/denort-${TARGET}.zip
error: Writing deno compile executable to temporary file 'build/manager.tmp-44a431a68c11717a'

Caused by:
    0: Setting up base binary.
    1: error sending request for url (https://dl.deno.land/release/v2.9.6/denort-${TARGET}.zip): dns error
    2: client error (Connect)
    3: dns error
    4: failed to lookup address information: Name or service not known

Stack backtrace:
   0: <unknown>
`;

Deno.test("denort: a stub that cannot be downloaded is one sentence with cause and remedy", () => {
  assert.equal(
    missingStubText({ target: TARGET, version: "2.9.6", stderr: NO_NETWORK }),
    `Deno's runtime stub could not be had from https://dl.deno.land/release/v2.9.6/denort-${TARGET}.zip ` +
      "(failed to lookup address information: Name or service not known): fetch that archive " +
      "where there is a network, unpack denort from it, and set DENORT_BIN to its path.",
  );
  for (const stderr of ["", "Caused by:", `Caused by:\n 0: ${"x".repeat(9_999)}`]) {
    const text = missingStubText({ target: TARGET, version: "2.9.6", stderr });
    assert.ok(text.length < 500, text);
    assert.match(text, /set DENORT_BIN to its path\.$/);
  }
});

Deno.test("denort: DENORT_BIN must name a file, and an empty one counts as absent", () => {
  assert.equal(faultOfDenortBin(undefined), undefined);
  assert.equal(faultOfDenortBin(""), undefined);
  assert.equal(faultOfDenortBin(Deno.execPath()), undefined);
  for (const path of ["/no/such/denort", "/", `${Deno.execPath()}/denort`]) {
    assert.match(faultOfDenortBin(path)!, /^DENORT_BIN=\S+ is no file: set it to Deno's runtime/);
  }
});

Deno.test("denort: Deno itself, and what cannot be run, is not the program", async () => {
  assert.equal(await isProgram(Deno.execPath()), false);
  assert.equal(await isProgram("/no/such/file"), false);
});

Deno.test("deno task compile says when what it made is not an executable to ship", async () => {
  const directory = await Deno.makeTempDir();
  const output = `${directory}/manager`;
  try {
    const env = { DENORT_BIN: Deno.execPath() };
    const { code, stderr } = await runTask("compile", [`--output=${output}`], env);
    assert.equal(code, 0, stderr);
    assert.ok(
      stderr.endsWith(
        `${output} is not an executable to ship: DENORT_BIN=${Deno.execPath()} is not Deno's ` +
          "runtime stub, denort. It shows that every module was found and embedded, and not that " +
          "it runs.\n",
      ),
      stderr,
    );
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});

Deno.test("deno task compile refuses a DENORT_BIN that is no file in one sentence", async () => {
  const { code, stderr } = await runTask("compile", [], { DENORT_BIN: "/no/such/denort" });
  assert.equal(code, 2);
  assert.match(stderr, /^DENORT_BIN=\/no\/such\/denort is no file: [^\n]*\n$/);
});
