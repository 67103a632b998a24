import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import config from "../../../../deno.json" with { type: "json" };
import { bill } from "../../../../deploy/executable/cyclonedx.ts";
import { type Lock, type ModuleGraph, packagesOf } from "../../../../deploy/executable/packages.ts";
import { ingredients } from "../../../../deploy/executable/sbom.ts";
import { bundleInto } from "../../../suites/executable.ts";

const ROOT = fileURLToPath(new URL("../../../../", import.meta.url));
const DIGEST = `sha256:${"7".repeat(64)}`;
const BASE = `gcr.io/distroless/cc-debian12:nonroot@${DIGEST}`;

/** What the comments of a bundle that is not minified say of where its modules come from. */
async function bundledPackages(): Promise<string[]> {
  const directory = await Deno.makeTempDir({ prefix: "msi-acrpull-sbom-" });
  try {
    const text = await Deno.readTextFile(await bundleInto(directory, { minify: false }));
    const paths = [...text.matchAll(/^\s*\/\/ \S*\/npm\/[^/]+\/((?:@[^/]+\/)?[^/]+)\/([^/]+)\//gm)];
    return [...new Set(paths.map(([, name, version]) => `${name}@${version}`))].sort();
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

Deno.test("sbom: it names the packages that the bundle holds, each with the lock file's hash", async () => {
  const { packages } = await ingredients([]);
  const named = packages.map(({ name, version }) => `${name}@${version}`);
  assert.deepEqual(named, await bundledPackages());
  assert.ok(named.length > 0);
  const { npm: entries } = JSON.parse(await Deno.readTextFile(`${ROOT}/deno.lock`)) as Lock;
  for (const { name, version, integrity } of packages) {
    assert.equal(integrity, entries[`${name}@${version}`]!.integrity);
  }
});

Deno.test("sbom: the Dockerfile's base, this Deno and the version of deno.json are in it", async () => {
  const { packages: _, ...rest } = await ingredients(["--commit=0123456"]);
  const dockerfile = await Deno.readTextFile(`${ROOT}/Dockerfile`);
  assert.deepEqual(rest, {
    version: config.version,
    commit: "0123456",
    denoVersion: Deno.version.deno,
    baseImage: /^ARG BASE_IMAGE=(.+)$/m.exec(dockerfile)![1],
  });
  assert.equal((await ingredients([`--base-image=${BASE}`])).baseImage, BASE);
});

Deno.test("sbom: it is CycloneDX 1.6, and the same each time", () => {
  const made = () =>
    bill({
      version: "1.2.3",
      commit: "0123456",
      denoVersion: "2.9.6",
      baseImage: BASE,
      packages: [
        { name: "@a/b", version: "2.0.0", integrity: "sha512-/wA=", dependencies: ["c@3.0.0"] },
        { name: "c", version: "3.0.0", integrity: "sha1-AQI=", dependencies: [] },
      ],
    });
  const image = "pkg:github/msi-acrpull/deno@v1.2.3";
  const scoped = "pkg:npm/%40a/b@2.0.0";
  const plain = "pkg:npm/c@3.0.0";
  const deno = "pkg:github/denoland/deno@v2.9.6";
  const base = `pkg:oci/cc-debian12@sha256%3A${"7".repeat(64)}` +
    "?repository_url=gcr.io%2Fdistroless%2Fcc-debian12&tag=nonroot";
  assert.equal(JSON.stringify(made()), JSON.stringify(made()));
  assert.deepEqual(made(), {
    bomFormat: "CycloneDX",
    specVersion: "1.6",
    version: 1,
    metadata: {
      component: {
        type: "container",
        "bom-ref": image,
        name: "msi-acrpull",
        version: "1.2.3",
        licenses: [{ license: { id: "MIT" } }],
        purl: image,
        properties: [{ name: "org.opencontainers.image.revision", value: "0123456" }],
      },
    },
    components: [
      {
        type: "library",
        "bom-ref": scoped,
        group: "@a",
        name: "b",
        version: "2.0.0",
        hashes: [{ alg: "SHA-512", content: "ff00" }],
        purl: scoped,
      },
      {
        type: "library",
        "bom-ref": plain,
        name: "c",
        version: "3.0.0",
        hashes: [{ alg: "SHA-1", content: "0102" }],
        purl: plain,
      },
      {
        type: "platform",
        "bom-ref": deno,
        name: "deno",
        version: "2.9.6",
        licenses: [{ license: { id: "MIT" } }],
        cpe: "cpe:2.3:a:deno:deno:2.9.6:*:*:*:*:*:*:*",
        purl: deno,
      },
      {
        type: "container",
        "bom-ref": base,
        name: "gcr.io/distroless/cc-debian12",
        version: DIGEST,
        hashes: [{ alg: "SHA-256", content: "7".repeat(64) }],
        purl: base,
      },
    ],
    dependencies: [
      { ref: image, dependsOn: [scoped, plain, deno, base] },
      { ref: scoped, dependsOn: [plain] },
      { ref: plain, dependsOn: [] },
    ],
    compositions: [
      { aggregate: "complete", dependencies: [image, scoped, plain] },
      { aggregate: "incomplete", dependencies: [deno, base] },
    ],
  });
});

Deno.test("sbom: a base without a digest, or a package without a hash, is refused", async () => {
  const made = await ingredients([]);
  assert.throws(() => bill({ ...made, baseImage: "gcr.io/distroless/cc-debian12:nonroot" }), {
    message: /^"gcr\.io\/distroless\/cc-debian12:nonroot" has no digest/,
  });
  assert.throws(() => packagesOf(GRAPH, { npm: {} }), {
    message: "a@1.0.0 is not in deno.lock: run deno install.",
  });
});

const GRAPH: ModuleGraph = {
  roots: ["file:///main.ts"],
  modules: [
    {
      specifier: "file:///main.ts",
      dependencies: [{ code: { specifier: "file:///other.ts" } }, {}],
    },
    { specifier: "file:///other.ts", dependencies: [{ code: { specifier: "npm:a@1.0.0" } }] },
    { kind: "npm", specifier: "npm:a@1.0.0", npmPackage: "a@1.0.0" },
    { kind: "npm", specifier: "npm:types@1.0.0", npmPackage: "types@1.0.0" },
  ],
  npmPackages: {
    "a@1.0.0": { name: "a", version: "1.0.0", dependencies: ["b@2.0.0_c@3.0.0"] },
    "b@2.0.0_c@3.0.0": { name: "b", version: "2.0.0", dependencies: [] },
    "types@1.0.0": { name: "types", version: "1.0.0", dependencies: [] },
  },
};

Deno.test("sbom: what packages need counts, and what only types are taken from does not", () => {
  const npm = {
    "a@1.0.0": { integrity: "sha512-AA==" },
    "b@2.0.0_c@3.0.0": { integrity: "sha512-AQ==" },
  };
  assert.deepEqual(packagesOf(GRAPH, { npm }), [
    { name: "a", version: "1.0.0", integrity: "sha512-AA==", dependencies: ["b@2.0.0"] },
    { name: "b", version: "2.0.0", integrity: "sha512-AQ==", dependencies: [] },
  ]);
});
