import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { parse, parseAllDocuments } from "yaml";
import config from "../../../deno.json" with { type: "json" };
import { DEFAULTS } from "../../../deploy/manifests/settings.ts";
import { guideBlock } from "../../e2e/servers/guide.ts";

const ROOT = fileURLToPath(new URL("../../../", import.meta.url));
const WORKFLOW = Deno.readTextFileSync(`${ROOT}/.github/workflows/release.yml`);
const [IMAGE] = DEFAULTS.image.split(":");
const REPOSITORY = IMAGE!.replace("ghcr.io/", "");
const OWNER = REPOSITORY.split("/")[0];
const VERSION = config.version;

/** The workflow's own names, with what they stand for in this repository. */
function published(): string {
  return WORKFLOW
    .replaceAll("${{ github.repository }}", REPOSITORY)
    .replaceAll("$GITHUB_REPOSITORY_OWNER", OWNER!)
    .replaceAll("$VERSION", VERSION);
}

Deno.test("release guide: the chart is the one that the workflow pushes", () => {
  const [, registry] = /"(oci:\/\/\S+)"/.exec(published())!;
  const [, chart] = /helm push "dist\/(\S+)-\d\S+\.tgz"/.exec(published())!;
  const reference = `${registry}/${chart}`;
  assert.deepEqual(guideBlock("release-helm").trim().split(" ").slice(0, 6), [
    ...["helm", "install", "msi-acrpull", reference, "--version", VERSION],
  ]);
  const [repository, release] = parseAllDocuments(guideBlock("flux")).map((each) => each.toJS());
  assert.deepEqual([repository.spec.url, repository.spec.ref], [reference, { tag: VERSION }]);
  assert.deepEqual(release.spec.chartRef, {
    kind: repository.kind,
    name: repository.metadata.name,
  });
  const { source } = parse(guideBlock("argo-cd")).spec;
  assert.equal(`oci://${source.repoURL}/${source.chart}`, reference);
  assert.equal(source.targetRevision, VERSION);
});

Deno.test("release guide: the files are those of the release", () => {
  const downloads = `https://github.com/${REPOSITORY}/releases/download/v${VERSION}`;
  assert.deepEqual(guideBlock("release-kubectl").trim().split("\n"), [
    `kubectl apply -f ${downloads}/crd.yaml`,
    `kubectl apply -f ${downloads}/deploy.yaml`,
  ]);
  assert.match(published(), /task deploy --image "\S+@\$DIGEST" -o dist\n/);
  assert.match(published(), />dist\/sbom\.cdx\.json\n/);
  assert.match(published(), /gh release create "\$GITHUB_REF_NAME" [^#]* dist\/\*\n/);
  const [download, check, verify] = guideBlock("release-files").trim().split("\n");
  assert.equal(download, `gh release download v${VERSION} --repo=${REPOSITORY}`);
  assert.equal(check, "sha256sum --check SHA256SUMS");
  assert.match(published(), /\(cd dist && sha256sum -- \* >SHA256SUMS\)/);
  const [, file] = /verify (\S+) /.exec(verify!)!;
  const [, made] = /--output "dist\/(\S+)\$architecture"/.exec(published())!;
  assert.equal(file, `${made}amd64`);
});

Deno.test("release guide: what is verified is what the workflow signs, by its identity", () => {
  const block = guideBlock("release-verify");
  const workflow = `https://github.com/${REPOSITORY}/.github/workflows/release.yml`;
  assert.ok(block.includes(`image=${IMAGE}@sha256:DIGEST\n`));
  assert.ok(block.includes(`identity=${workflow}@refs/tags/v${VERSION}\n`));
  assert.match(published(), /^on:\n {2}push:\n {4}tags: \["v\*"\]$/m);
  assert.match(published(), new RegExp(`^ {2}IMAGE: ${IMAGE}$`, "m"));
  const signed = [...published().matchAll(/cosign sign [^"]*"([^@]+)@/g)].map(([, name]) => name);
  assert.deepEqual(signed, ["$IMAGE", `ghcr.io/${OWNER}/charts/msi-acrpull`]);
  assert.ok(block.includes(`cosign verify ${signed[1]}:${VERSION} `));
  assert.match(published(), /cosign attest --yes --type cyclonedx --predicate sbom\.cdx\.json/);
  assert.ok(block.includes('cosign verify-attestation "$image" --type=cyclonedx '));
  const [{ spec }] = parseAllDocuments(guideBlock("flux")).map((each) => each.toJS());
  const [{ issuer, subject }] = spec.verify.matchOIDCIdentity;
  assert.match(`${workflow}@refs/tags/v${VERSION}`, new RegExp(subject));
  assert.match(/^issuer=(.+)$/m.exec(block)![1]!, new RegExp(issuer));
});
