import assert from "node:assert/strict";
import { parseChecksums, stubPath, verifyStub } from "../../../../deploy/executable/stub.ts";

const [ONE, TWO] = ["1".repeat(64), "2".repeat(64)];
/** Of `abc`, by FIPS 180-4. */
const OF_ABC = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

Deno.test("stub: checksums are read by architecture, and whatever is none is refused", () => {
  assert.deepEqual(
    parseChecksums(` amd64=${ONE}, arm64=${TWO},`),
    new Map([["amd64", ONE], ["arm64", TWO]]),
  );
  assert.equal(parseChecksums("").size, 0);
  for (const item of [ONE, `sparc=${ONE}`, "amd64=", `amd64=${ONE}0`, `amd64=${"A".repeat(64)}`]) {
    assert.throws(
      () => parseChecksums(item),
      { message: /is no checksum: write amd64=HASH/ },
      item,
    );
  }
});

Deno.test("stub: it is the archive of Deno's own download, or the file that is given", () => {
  const options = { target: "aarch64-unknown-linux-gnu", denoDirectory: "/deno", version: "2.9.6" };
  assert.equal(
    stubPath({ ...options, given: undefined }),
    "/deno/dl/release/v2.9.6/denort-aarch64-unknown-linux-gnu.zip",
  );
  assert.equal(stubPath({ ...options, given: "/denort" }), "/denort");
});

Deno.test("stub: one with another checksum is refused", async () => {
  const path = await Deno.makeTempFile({ prefix: "msi-acrpull-stub-" });
  try {
    await Deno.writeTextFile(path, "abc");
    await verifyStub(path, OF_ABC);
    await assert.rejects(verifyStub(path, ONE), {
      message: `${path} has the SHA-256 ${OF_ABC}, not ${ONE}: the executable is not to be used`,
    });
  } finally {
    await Deno.remove(path);
  }
});
