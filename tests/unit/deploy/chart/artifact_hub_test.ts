import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { parse } from "yaml";
import { DEFAULTS } from "../../../../deploy/manifests/settings.ts";
import { guides } from "../../../suites/guides.ts";

const ROOT = fileURLToPath(new URL("../../../../", import.meta.url));

const CHART = parse(Deno.readTextFileSync(`${ROOT}deploy/helm/Chart.yaml`)) as {
  annotations: Record<string, string>;
  version: string;
  appVersion: string;
};

/** The list within an annotation. Artifact Hub takes strings alone. */
function listed(name: string): Record<string, unknown>[] {
  return parse(CHART.annotations[`artifacthub.io/${name}`]!);
}

Deno.test("chart: every annotation for Artifact Hub is a string, as it asks", () => {
  for (const [name, value] of Object.entries(CHART.annotations)) {
    assert.match(name, /^artifacthub\.io\/[a-zA-Z]+$/);
    assert.equal(typeof value, "string", name);
  }
  assert.equal(CHART.version, CHART.appVersion);
});

Deno.test("chart: Artifact Hub is told both CRDs, each with an example that names its API", () => {
  const crds = listed("crds").map(({ kind, version, name }) => ({
    kind,
    apiVersion: `${(name as string).replace(/^\w+\./, "")}/${version}`,
  }));
  const examples = listed("crdsExamples").map(({ kind, apiVersion }) => ({ kind, apiVersion }));
  const byApi = (one: { apiVersion: unknown }, other: { apiVersion: unknown }) =>
    `${one.apiVersion}` < `${other.apiVersion}` ? -1 : 1;
  assert.equal(crds.length, 2);
  assert.deepEqual(crds.toSorted(byApi), examples.toSorted(byApi));
});

Deno.test("chart: Artifact Hub is told the image that the chart runs, and guides that are there", () => {
  assert.deepEqual(listed("images").map(({ image }) => image), [DEFAULTS.image]);
  const paths = listed("links").flatMap(({ url }) =>
    /\/blob\/main\/(.+)$/.exec(url as string)?.[1] ?? []
  );
  assert.ok(paths.length >= 3);
  assert.deepEqual(paths.filter((path) => !guides().includes(path)), []);
});
