import { stringify } from "yaml";
import { VERSION } from "../../src/cli/version.ts";
import { artifactHubAnnotations, PROJECT } from "./artifact_hub.ts";
import { chartFacts } from "./flags.ts";
import type { SourceFile } from "../generate.ts";
import type { Manifest } from "../manifests/manifest.ts";
import { NAMES } from "../manifests/manifest.ts";
import { operatorPolicies } from "../manifests/policies.ts";
import { DEFAULTS, type Settings } from "../manifests/settings.ts";
import { keepAlive } from "../manifests/policies/keep_alive.ts";
import { tenantPolicy } from "../manifests/policies/tenants.ts";
import { rbacTemplate, serviceAccountTemplate } from "./roles.ts";
import { when } from "./template.ts";
import { MARK, yamlOf } from "../yaml.ts";

const CHART = "deploy/helm";

/** Settings whose values the chart fills in. */
const TEMPLATED: Settings = {
  ...DEFAULTS,
  namespace: "{{ .Release.Namespace }}",
  tokenAudience: "{{ .Values.serviceAccountTokenAudience }}",
};

/**
 * The parts of the chart that follow from elsewhere: Chart.yaml, the CRDs, what its checks know of
 * the operator, the roles, the ServiceAccount and the policies. The other templates are written by
 * hand; the first line of each says which test holds it equal to what. `samples` are shown with the
 * chart, one of each API.
 */
export function chartFiles(
  crds: readonly SourceFile[],
  samples: readonly Manifest[],
): readonly SourceFile[] {
  return [
    { path: `${CHART}/Chart.yaml`, text: chartYaml(crds, samples) },
    ...crds.map(({ path, text }) => ({
      path: `${CHART}/files/crds/${path.split("/").at(-1)!}`,
      text: MARK + text,
    })),
    {
      path: `${CHART}/files/operator.yaml`,
      text: MARK + stringify(chartFacts(), { lineWidth: 0 }),
    },
    { path: `${CHART}/templates/rbac.yaml`, text: MARK + rbacTemplate(TEMPLATED) },
    {
      path: `${CHART}/templates/serviceaccount.yaml`,
      text: MARK + serviceAccountTemplate(TEMPLATED),
    },
    { path: `${CHART}/templates/policies.yaml`, text: MARK + operatorPolicyTemplate() },
    { path: `${CHART}/templates/tenant-policy.yaml`, text: MARK + tenantPolicyTemplate() },
  ];
}

function chartYaml(crds: readonly SourceFile[], samples: readonly Manifest[]): string {
  const chart = {
    apiVersion: "v2",
    name: "msi-acrpull",
    description:
      "Keeps image pull secrets for Azure Container Registries fresh, one per AcrPullBinding.",
    type: "application",
    version: VERSION,
    appVersion: VERSION,
    kubeVersion: ">=1.25.0-0",
    ...PROJECT,
    annotations: artifactHubAnnotations(crds, samples, DEFAULTS.image),
  };
  return MARK + stringify(chart, { lineWidth: 0 });
}

function operatorPolicyTemplate(): string {
  const all = operatorPolicies(TEMPLATED);
  const forTokens = (manifest: Manifest) => manifest.metadata.name === NAMES.tokenPolicy;
  const tokens = yamlOf(all.filter(forTokens));
  const others = yamlOf(all.filter((manifest) => !forTokens(manifest)));
  return when(
    ".Values.policies.enabled",
    `${others}${when(".Values.workloadIdentity.enabled", `---\n${tokens}`)}`,
  );
}

/** Without the ConfigMap, which the chart fills from its values. */
function tenantPolicyTemplate(): string {
  const policies = tenantPolicy(TEMPLATED, "{{ include `msi-acrpull.defaultClientID` . }}").filter((
    { kind },
  ) => kind !== "ConfigMap");
  return when(
    ".Values.policies.tenants.enabled",
    yamlOf([...keepAlive().map(kept), ...policies]),
  );
}

/** Helm leaves it in the cluster when the release goes on without it, or goes. */
function kept(manifest: Manifest): Manifest {
  const annotations = { "helm.sh/resource-policy": "keep" };
  return { ...manifest, metadata: { ...manifest.metadata, annotations } };
}
