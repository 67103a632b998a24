import { stringify } from "yaml";
import { readCrd } from "../schema/crd.ts";
import type { Manifest } from "../manifests/manifest.ts";

const REPOSITORY = "https://github.com/msi-acrpull/deno";

/** Where a reader of Artifact Hub goes on. */
const LINKS: readonly { readonly name: string; readonly url: string }[] = [
  { name: "Installing", url: `${REPOSITORY}/blob/main/deploy/README.md` },
  { name: "Setting up Azure", url: `${REPOSITORY}/blob/main/deploy/azure.md` },
  { name: "When it fails", url: `${REPOSITORY}/blob/main/deploy/troubleshooting.md` },
  { name: "Support", url: `${REPOSITORY}/issues` },
];

/** What else than names and versions Chart.yaml says of the project. */
export const PROJECT = {
  home: REPOSITORY,
  sources: [REPOSITORY],
  keywords: ["azure", "acr", "container registry", "imagePullSecrets", "workload identity"],
  maintainers: [{ name: "msi-acrpull", url: "https://github.com/msi-acrpull" }],
};

/**
 * The annotations by which Artifact Hub shows a chart, as https://artifacthub.io/docs names them:
 * each value is a string, lists are YAML within it. `image` is the image that the chart runs,
 * `samples` are objects of the CRDs, of which one of each is shown.
 */
export function artifactHubAnnotations(
  crds: readonly { readonly path: string; readonly text: string }[],
  samples: readonly Manifest[],
  image: string,
): Readonly<Record<string, string>> {
  const listed = crds.map(({ path, text }) => readCrd(text, path)).flatMap((crd) =>
    crd.versions.map(({ name, schema }) => ({
      kind: crd.kind,
      version: name,
      name: `${crd.plural}.${crd.group}`,
      displayName: `${crd.kind} ${name}`,
      description: String(schema.description),
    }))
  );
  const platforms = ["linux/amd64", "linux/arm64"];
  return {
    "artifacthub.io/category": "security",
    "artifacthub.io/crds": listOf(listed),
    "artifacthub.io/crdsExamples": listOf(samples),
    "artifacthub.io/images": listOf([{ name: "manager", image, platforms }]),
    "artifacthub.io/license": "MIT",
    "artifacthub.io/links": listOf(LINKS),
    "artifacthub.io/operator": "true",
    "artifacthub.io/operatorCapabilities": "Seamless Upgrades",
  };
}

function listOf(items: readonly unknown[]): string {
  return stringify(items, { lineWidth: 0 });
}
