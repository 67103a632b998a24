import assert from "node:assert/strict";
import { commitOf, VERSION, versionText } from "../../../src/cli/version.ts";

Deno.test("version: is the one of deno.json", async () => {
  const file = new URL("../../../deno.json", import.meta.url);
  assert.equal(VERSION, JSON.parse(await Deno.readTextFile(file)).version);
});

Deno.test("version: names the commit where the build filled it in, and leaves it out elsewhere", () => {
  const commit = "0123456789abcdef0123456789abcdef01234567";
  assert.equal(commitOf("main"), undefined);
  assert.equal(
    versionText("2.9.6", commit),
    `msi-acrpull ${VERSION} (commit ${commit}), Deno 2.9.6\n`,
  );
  assert.equal(versionText("2.9.6"), `msi-acrpull ${VERSION}, Deno 2.9.6\n`);
});
