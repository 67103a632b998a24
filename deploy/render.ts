import { parse, parseAllDocuments } from "yaml";
import { readFolder, type SourceFile } from "./generate.ts";
import { chartFiles } from "./chart/chart.ts";
import { installation } from "./manifests/installation.ts";
import type { Manifest } from "./manifests/manifest.ts";
import { DEFAULTS, type Settings } from "./manifests/settings.ts";
import { keepAlive } from "./manifests/policies/keep_alive.ts";
import { tenantPolicy } from "./manifests/policies/tenants.ts";
import { withTable } from "./guides/guide_table.ts";
import { permissionTable } from "./guides/permission_table.ts";
import { MARK, yamlOf } from "./yaml.ts";

const CRDS = "deploy/crds";
const SAMPLES = "deploy/samples";
const TENANT_POLICY = "deploy/policies/tenants/policy.yaml";
/** A file of its own, so that to delete the other leaves it. */
const KEEP_ALIVE = "deploy/policies/tenants/keep-alive.yaml";
const GUIDE = "deploy/permissions.md";

/** The CRDs as they stand in deploy/crds, read from the repository at `root`, which ends in `/`. */
export function readCrds(root = ""): readonly SourceFile[] {
  return readFolder(`${root}${CRDS}`, ".yaml");
}

/** The CRDs as objects. */
export function crdManifests(crds: readonly SourceFile[]): readonly Manifest[] {
  return crds.map(({ text }) => parse(text) as Manifest);
}

/** One binding of each API, out of deploy/samples. */
export function readSamples(root = ""): readonly Manifest[] {
  const bindings = readFolder(`${root}${SAMPLES}`, ".yaml")
    .flatMap(({ text }) => parseAllDocuments(text).map((each) => each.toJS() as Manifest))
    .filter(({ kind }) => kind === "AcrPullBinding");
  return [...new Map(bindings.toReversed().map((each) => [each.apiVersion, each])).values()];
}

/** crd.yaml and deploy.yaml, for `directory`. */
export function installationFiles(
  settings: Settings,
  crds: readonly SourceFile[],
  directory: string,
): readonly SourceFile[] {
  return [
    { path: `${directory}/crd.yaml`, text: MARK + crds.map(({ text }) => text).join("---\n") },
    { path: `${directory}/deploy.yaml`, text: MARK + yamlOf(installation(settings)) },
  ];
}

/**
 * What else in the repository follows from the same source: parts of the chart, the policy for
 * tenants by itself, what keeps its lists followed, and the table in `guide`, which is the text of
 * deploy/permissions.md.
 */
export function derivedFiles(
  crds: readonly SourceFile[],
  samples: readonly Manifest[],
  guide: string,
): readonly SourceFile[] {
  return [
    ...chartFiles(crds, samples),
    { path: TENANT_POLICY, text: MARK + yamlOf(tenantPolicy(DEFAULTS, "unknown")) },
    { path: KEEP_ALIVE, text: MARK + yamlOf(keepAlive()) },
    { path: GUIDE, text: withTable(guide, permissionTable(), GUIDE) },
  ];
}

/** The text of deploy/permissions.md. */
export function readGuide(root = ""): string {
  return Deno.readTextFileSync(`${root}${GUIDE}`);
}
