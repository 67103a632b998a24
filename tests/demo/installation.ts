import { BINDING_LABEL } from "../../src/controller/conventions.ts";
import type { RestClient } from "../../src/kubernetes/http/contract.ts";
import { SECRET } from "../../src/kubernetes/resources/built_in.ts";
import type { KubernetesObject, Stored } from "../../src/kubernetes/resources/resource_client.ts";
import { type Clock, sleep } from "../../src/runtime/time/clock.ts";
import { applyObject, OWN_LABEL, OWN_LABEL_VALUE, OWN_SELECTOR } from "./apply.ts";
import {
  bindingClients,
  CRD_DEFINITION,
  ifThere,
  isLabelled,
  type MetadataClient,
  metadataOf,
  NAMESPACE_DEFINITION,
} from "./resources.ts";
import type { Manifest, Sample } from "./samples.ts";

/** Where the demo takes place. */
export const NAMESPACE = "msi-acrpull-demo";

const POLL_MS = 50;
const SERVED_MS = 15_000;
/** How long the operator has to take back what it made, before the demo does. */
const RELEASE_MS = 5_000;

/** Installs CRDs and makes the namespace; resolves when both APIs are served. */
export async function install(
  rest: RestClient,
  crds: readonly Manifest[],
  clock: Clock,
  signal: AbortSignal,
): Promise<void> {
  for (const crd of crds) await applyObject(rest, CRD_DEFINITION, "", crd, signal);
  const namespace = { apiVersion: "v1", kind: "Namespace", metadata: { name: NAMESPACE } };
  await applyObject(rest, NAMESPACE_DEFINITION, "", namespace, signal);
  const served = await within(SERVED_MS, clock, signal, async () => {
    const lists = bindingClients(rest).map((client) => ifThere(client.list({ limit: 1, signal })));
    return (await Promise.all(lists)).every((list) => list !== undefined);
  });
  if (!served) {
    throw new Error(`the CRDs are not served ${SERVED_MS / 1000} s after their creation`);
  }
}

/** Creates the samples in the demo's namespace, in their order. */
export async function applySamples(
  rest: RestClient,
  samples: readonly Sample[],
  signal: AbortSignal,
): Promise<void> {
  for (const { definition, object } of samples) {
    await applyObject(rest, definition, NAMESPACE, object, signal);
  }
}

/** Deletes the demo's bindings; the operator then takes back what it made for them. */
export async function deleteBindings(rest: RestClient, signal: AbortSignal): Promise<void> {
  await eachBinding(rest, signal, async (client, name) => {
    await ifThere(client.delete(NAMESPACE, name, { signal }));
  });
}

/**
 * Takes back everything that bears the demo's label. First the bindings, by way of the operator,
 * which should still run, or without it where it does not answer. Then the namespace, then the
 * CRDs, unless somebody uses them by now. Answers what is left on purpose, one sentence an item.
 */
export async function uninstall(
  rest: RestClient,
  clock: Clock,
  signal: AbortSignal,
): Promise<string[]> {
  await deleteBindings(rest, signal);
  await within(RELEASE_MS, clock, signal, async () => await countBindings(rest, signal) === 0);
  await clear(rest, signal);
  const namespaces = metadataOf(rest, NAMESPACE_DEFINITION);
  const found = await ifThere(namespaces.get("", NAMESPACE, { signal }));
  if (found !== undefined && isOurs(found)) {
    await ifThere(namespaces.delete("", NAMESPACE, { signal }));
  }
  return await removeCrds(rest, signal);
}

/** Empties the namespace of the demo's bindings and of pull Secrets, without an operator. */
export async function clear(rest: RestClient, signal: AbortSignal): Promise<void> {
  await deleteBindings(rest, signal);
  await eachBinding(rest, signal, async (client, name) => {
    const patch = { type: "merge" as const, body: { metadata: { finalizers: null } } };
    await ifThere(client.patch(NAMESPACE, name, patch, { signal }));
  });
  const secrets = metadataOf(rest, SECRET);
  const selection = { namespace: NAMESPACE, labelSelector: BINDING_LABEL, signal };
  for (const { metadata } of (await secrets.list(selection)).items) {
    await ifThere(secrets.delete(NAMESPACE, metadata.name, { signal }));
  }
}

async function countBindings(rest: RestClient, signal: AbortSignal): Promise<number> {
  let count = 0;
  await eachBinding(rest, signal, () => Promise.resolve(void count++));
  return count;
}

async function removeCrds(rest: RestClient, signal: AbortSignal): Promise<string[]> {
  const crds = metadataOf(rest, CRD_DEFINITION);
  const left: string[] = [];
  for (const client of bindingClients(rest)) {
    const { plural, group } = client.definition;
    const name = `${plural}.${group}`;
    const crd = await ifThere(crds.get("", name, { signal }));
    if (crd === undefined || !isOurs(crd)) continue;
    const bindings = await ifThere(client.list({ limit: 1, signal }));
    if ((bindings?.items.length ?? 0) === 0) await ifThere(crds.delete("", name, { signal }));
    else left.push(`CRD ${name} stays: it has bindings that are not the demo's.`);
  }
  return left;
}

function isOurs(object: Stored<KubernetesObject>): boolean {
  return isLabelled(object, OWN_LABEL, OWN_LABEL_VALUE);
}

async function eachBinding(
  rest: RestClient,
  signal: AbortSignal,
  act: (client: MetadataClient, name: string) => Promise<void>,
): Promise<void> {
  for (const client of bindingClients(rest)) {
    const selection = { namespace: NAMESPACE, labelSelector: OWN_SELECTOR, signal };
    const list = await ifThere(client.list(selection));
    for (const { metadata } of list?.items ?? []) await act(client, metadata.name);
  }
}

/** Asks until the answer is yes; answers false when it has not been so for `limitMs`. */
async function within(
  limitMs: number,
  clock: Clock,
  signal: AbortSignal,
  ask: () => Promise<boolean>,
): Promise<boolean> {
  const end = clock.now() + limitMs;
  while (!await ask()) {
    if (clock.now() >= end) return false;
    await sleep(clock, POLL_MS, signal);
  }
  return true;
}
