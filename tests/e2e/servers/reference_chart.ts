import { fileURLToPath } from "node:url";
import type { ApiServer } from "../../sandbox/api_server.ts";
import { eventually } from "../../suites/eventually.ts";
import { kubectl, kubectlOk } from "./kubectl.ts";
import { applyManifests } from "./manifests.ts";

const CHART = fileURLToPath(new URL("../../data/reference-chart", import.meta.url));

/** As whom the Go implementation's chart runs its operator. */
export const REFERENCE_USER = "system:serviceaccount:acrpull:acrpull";

/** Applies equivalents of the Go implementation's chart, and waits until all of them have effect. */
export async function installReferenceChart(api: ApiServer): Promise<void> {
  await applyManifests(api, [
    `${CHART}/crds.yaml`,
    `${CHART}/rbac.yaml`,
    `${CHART}/policies.yaml`,
  ]);
  await kubectlOk(api, [
    ...["wait", "--for=condition=Established", "--timeout=30s"],
    "crd/acrpullbindings.msi-acrpull.microsoft.com",
    "crd/acrpullbindings.acrpull.microsoft.com",
  ]);
  const namespace = await api.createNamespace();
  await kubectlOk(api, ["create", "serviceaccount", "probe", "-n", namespace]);
  for (const probe of probes(namespace)) await refused(api, probe);
}

interface Probe {
  readonly args: string[];
  readonly stdin?: string;
  /** A part of what the policy says. */
  readonly message: string;
}

/** One request for each policy that it must refuse. */
function probes(namespace: string): Probe[] {
  const secret = { apiVersion: "v1", kind: "Secret", metadata: { name: "probe", namespace } };
  const patch = '{"imagePullSecrets":[{"name":"theirs"}]}';
  return [
    {
      args: ["create", "token", "probe", "-n", namespace, "--audience=api://Another"],
      message: "for the configured audience alone",
    },
    {
      args: ["create", "-f", "-"],
      stdin: JSON.stringify(secret),
      message: "one AcrPullBinding as its owner",
    },
    {
      args: ["patch", "serviceaccount", "probe", "-n", namespace, "--type=merge", "-p", patch],
      message: "only managed pull secrets",
    },
  ];
}

async function refused(api: ApiServer, { args, stdin, message }: Probe): Promise<void> {
  await eventually(`the chart's policies refuse ${args.join(" ")}`, async () => {
    const options = { user: REFERENCE_USER, ...(stdin === undefined ? {} : { stdin }) };
    const { stderr, code } = await kubectl(api, args, options);
    if (code === 0 && args.includes("-f")) {
      await kubectlOk(api, ["delete", "-f", "-"], options);
    }
    return stderr.includes(message) || undefined;
  }, 30_000);
}
