import { fileURLToPath } from "node:url";
import { parseAllDocuments } from "yaml";
import { asObject } from "../../../src/runtime/as_object.ts";

const LATEST = fileURLToPath(new URL("../../../deploy/latest", import.meta.url));

/** The files that README has applied. */
export const MANIFESTS: readonly string[] = [`${LATEST}/crd.yaml`, `${LATEST}/deploy.yaml`];

/** The one container of a pod. */
interface Container {
  readonly name: string;
  readonly command: readonly string[];
  readonly args: readonly string[];
  readonly env?: readonly { readonly name: string; readonly value: string }[];
  readonly resources: { readonly limits: { readonly cpu: string; readonly memory: string } };
  readonly securityContext: Readonly<Record<string, unknown>>;
}

/** As whom a pod runs. */
export interface PodUser {
  readonly runAsUser: number;
  readonly runAsGroup: number;
}

/** What deploy/latest says of each pod. */
export interface PodTemplate {
  readonly metadata: { readonly labels: Readonly<Record<string, string>> };
  readonly spec: {
    readonly serviceAccountName: string;
    readonly automountServiceAccountToken: boolean;
    readonly terminationGracePeriodSeconds: number;
    readonly securityContext: PodUser;
    readonly containers: readonly [Container];
  };
}

/** The Deployment of deploy/latest. */
export interface Deployment {
  readonly metadata: { readonly name: string; readonly namespace: string };
  readonly spec: { readonly replicas: number; readonly template: PodTemplate };
}

/** Reads the Deployment from deploy/latest. Throws where there is not exactly one. */
export async function readDeployment(): Promise<Deployment> {
  const text = await Deno.readTextFile(MANIFESTS[1]!);
  const found = parseAllDocuments(text).map((document) => document.toJS() as unknown)
    .filter((manifest) => asObject(manifest)?.kind === "Deployment");
  if (found.length !== 1) throw new Error(`deploy/latest has ${found.length} Deployments`);
  return found[0] as Deployment;
}

/** The same pod as another user. */
export function runningAs(template: PodTemplate, user: PodUser): PodTemplate {
  return { ...template, spec: { ...template.spec, securityContext: user } };
}

/** Thousandths of a core and bytes of the container's limits, which are whole `m` and `Mi`. */
export function limitsOf({ spec }: PodTemplate): { cpuMillis: number; memoryBytes: number } {
  const { cpu, memory } = spec.containers[0].resources.limits;
  return { cpuMillis: quantity(cpu, "m"), memoryBytes: quantity(memory, "Mi") * 1024 * 1024 };
}

function quantity(text: string, unit: string): number {
  const value = Number(text.slice(0, -unit.length));
  if (text.endsWith(unit) && Number.isInteger(value)) return value;
  throw new Error(`the limit ${text} is no whole number of ${unit}`);
}
