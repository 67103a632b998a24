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
import { valueTable } from "./guides/value_table.ts";
import { MARK, yamlOf } from "./yaml.ts";

const CRDS = "deploy/crds";
const SAMPLES = "deploy/samples";
const TENANT_POLICY = "deploy/policies/tenants/policy.yaml";
/** A file of its own, so that to delete the other leaves it. */
const KEEP_ALIVE = "deploy/policies/tenants/keep-alive.yaml";
const VALUES = "deploy/helm/values.yaml";

/** The guides with a table that follows from the manifests or from the chart's values. */
const TABLES: Readonly<Record<string, (values: string) => string>> = {
  "deploy/permissions.md": permissionTable,
  "deploy/helm/README.md": valueTable,
};

/** What the files of the repository are derived from, beside the code. */
export interface Sources {
  readonly crds: readonly SourceFile[];
  /** One binding of each API, out of deploy/samples. */
  readonly samples: readonly Manifest[];
  /** Guides, whose tables are written anew. */
  readonly guides: readonly SourceFile[];
  /** The text of the chart's values.yaml. */
  readonly values: string;
}

/** Reads the sources from the repository at `root`, which ends in `/`. */
export function readSources(root = ""): Sources {
  const read = (path: string) => Deno.readTextFileSync(`${root}${path}`);
  return {
    crds: readCrds(root),
    samples: readSamples(root),
    guides: Object.keys(TABLES).map((path) => ({ path, text: read(path) })),
    values: read(VALUES),
  };
}

/** The CRDs as they stand in deploy/crds, read from the repository at `root`, which ends in `/`. */
export function readCrds(root = ""): readonly SourceFile[] {
  return readFolder(`${root}${CRDS}`, ".yaml");
}

/** The CRDs as objects. */
export function crdManifests(crds: readonly SourceFile[]): readonly Manifest[] {
  return crds.map(({ text }) => parse(text) as Manifest);
}

function readSamples(root: string): readonly Manifest[] {
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
 * What else in the repository follows from the same sources: parts of the chart, the policy for
 * tenants by itself, what keeps its lists followed, and tables of guides.
 */
export function derivedFiles({ crds, samples, guides, values }: Sources): readonly SourceFile[] {
  return [
    ...chartFiles(crds, samples),
    { path: TENANT_POLICY, text: MARK + yamlOf(tenantPolicy(DEFAULTS, "unknown")) },
    { path: KEEP_ALIVE, text: MARK + yamlOf(keepAlive()) },
    ...guides.map(({ path, text }) => ({
      path,
      text: withTable(text, TABLES[path]!(values), path),
    })),
  ];
}
