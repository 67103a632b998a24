import { fileURLToPath } from "node:url";
import type { Manifest } from "../../../deploy/manifests/manifest.ts";
import { documents } from "./installation.ts";

const DATA = fileURLToPath(new URL("../../data/reference-chart", import.meta.url));
const NAMESPACE = "acrpull";
const LABELS = { "app.kubernetes.io/name": "acrpull" };
/** What the Go implementation's chart gives no label, by kind. */
const UNLABELLED = ["ClusterRole", "CustomResourceDefinition"];

/** What the chart has beside its CRDs, its rights and its policies. */
const WORKLOAD = [
  {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name: "acrpull", namespace: NAMESPACE },
    spec: {
      replicas: 2,
      selector: { matchLabels: LABELS },
      template: {
        metadata: { labels: LABELS },
        spec: {
          serviceAccountName: "acrpull",
          containers: [{ name: "acrpull-controller", image: "registry.example/acrpull:v0.1.4" }],
        },
      },
    },
  },
  {
    apiVersion: "monitoring.coreos.com/v1",
    kind: "PodMonitor",
    metadata: { name: "acrpull-monitor", namespace: NAMESPACE },
    spec: { podMetricsEndpoints: [{ port: "metrics" }], selector: { matchLabels: LABELS } },
  },
];

/**
 * Writes a chart in the shape of the Go implementation's to `directory`: the same kinds, names and
 * labels, CRDs and namespace among its templates. Answers the file that has all its objects.
 */
export async function writeReferenceChart(directory: string): Promise<string> {
  const files = ["rbac.yaml", "crds.yaml", "policies.yaml"].map((name) => `${DATA}/${name}`);
  const texts = await Promise.all(files.map((file) => Deno.readTextFile(file)));
  const objects = [...texts.flatMap(documents), ...WORKLOAD as Manifest[]].map(labelled);
  const template = `${directory}/templates/all.yaml`;
  await Deno.mkdir(`${directory}/templates`);
  const chart = { apiVersion: "v2", name: "acrpull", version: "0.1.0" };
  await Deno.writeTextFile(`${directory}/Chart.yaml`, JSON.stringify(chart));
  await Deno.writeTextFile(template, objects.map((each) => JSON.stringify(each)).join("\n---\n"));
  return template;
}

function labelled(object: Manifest): Manifest {
  if (UNLABELLED.includes(object.kind)) return object;
  return { ...object, metadata: { ...object.metadata, labels: LABELS } } as Manifest;
}
