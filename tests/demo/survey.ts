import type { RestClient } from "../../src/kubernetes/http/contract.ts";
import { leases } from "../../src/kubernetes/resources/built_in.ts";
import { isForbidden } from "../../src/kubernetes/http/errors.ts";
import type { Clock } from "../../src/runtime/time/clock.ts";
import { OWN_LABEL, OWN_LABEL_VALUE, OWN_SELECTOR } from "./apply.ts";
import { NAMESPACE } from "./installation.ts";
import {
  bindingClients,
  CRD_DEFINITION,
  ifThere,
  isLabelled,
  metadataOf,
  NAMESPACE_DEFINITION,
} from "./resources.ts";
import type { Manifest } from "./samples.ts";

/** What a cluster holds before the demo. */
export interface Survey {
  /** CRDs that are not there, or that an earlier run of the demo left. */
  readonly crdsToInstall: readonly Manifest[];
  readonly namespace: "absent" | "ours" | "foreign" | "terminating";
  /** Bindings that are not the demo's. */
  readonly bindingsOfOthers: number;
  /** Who acts as operator: a holder of its Lease, nobody, or unknown for lack of rights. */
  readonly operator: { readonly holder: string; readonly namespace: string } | "none" | "unknown";
}

/** What the live view says of a binding of the user's own, in one row of 80 columns. */
export const OWN_LABEL_NOTE = `Label bindings of your own ${OWN_SELECTOR}.`;

/** What a binding of the user's own needs in order to be served. */
export const OWN_BINDING_NOTE =
  `A binding of your own is served with the label ${OWN_SELECTOR}, in namespace ${NAMESPACE}; it is ` +
  "deleted at the end too.";

const LEASE_NAME = "aks.azure.com";
/** A Lease that nobody has renewed for this long is nobody's; clocks may differ a little. */
const LEASE_HELD_MS = 60_000;

/** Looks at a cluster without changing anything. Rejects with ApiError. */
export async function survey(
  rest: RestClient,
  crds: readonly Manifest[],
  clock: Clock,
  signal: AbortSignal,
): Promise<Survey> {
  const [crdsToInstall, namespace, bindingsOfOthers, operator] = await Promise.all([
    withoutPresent(rest, crds, signal),
    namespaceState(rest, signal),
    countOthers(rest, signal),
    operatorState(rest, clock, signal),
  ]);
  return { crdsToInstall, namespace, bindingsOfOthers, operator };
}

/** Why the demo must not begin, as a sentence with its remedy; undefined when it may. */
export function refusal({ namespace, operator }: Survey): string | undefined {
  if (namespace === "foreign") {
    return `Namespace ${NAMESPACE} is there already, and the demo did not make it: delete it, or ` +
      "use another cluster.";
  }
  if (namespace === "terminating") {
    return `Namespace ${NAMESPACE} of an earlier run is still being deleted: try again when it ` +
      "has gone.";
  }
  if (typeof operator === "object") {
    return `An operator is at work in this cluster (Lease ${operator.namespace}/${LEASE_NAME}, ` +
      `held by ${operator.holder}), and would serve the demo's bindings too: stop it, or use ` +
      "another cluster.";
  }
  return undefined;
}

/** What the demo is about to do, and what it will not touch, one sentence an item. */
export function announcement(found: Survey, bindings: number): string[] {
  const crds = found.crdsToInstall.map(({ metadata }) => metadata.name);
  const left = found.bindingsOfOthers;
  return [
    crds.length > 0
      ? `install, and remove at the end: CRD ${crds.join(", CRD ")}`
      : "use the AcrPullBinding CRDs as they are",
    ...(found.namespace === "ours" ? ["clear what an earlier run of the demo left"] : []),
    `create namespace ${NAMESPACE} with ${bindings} bindings and their ServiceAccounts`,
    `run the operator in this process, as you, on bindings with the label ${OWN_SELECTOR} only`,
    "fill Secrets with worthless tokens of a fake Azure; nothing is sent to Azure",
    "delete all of that at the end",
    ...(left > 0 ? [`leave your own ${left} bindings alone`] : []),
    ...(found.operator === "unknown"
      ? ["go on without knowing whether another operator is at work: Leases may not be listed"]
      : []),
  ];
}

async function withoutPresent(
  rest: RestClient,
  crds: readonly Manifest[],
  signal: AbortSignal,
): Promise<Manifest[]> {
  const client = metadataOf(rest, CRD_DEFINITION);
  const present = await Promise.all(
    crds.map(({ metadata }) => ifThere(client.get("", metadata.name, { signal }))),
  );
  return crds.filter((_, index) => {
    const crd = present[index];
    return crd === undefined || isLabelled(crd, OWN_LABEL, OWN_LABEL_VALUE);
  });
}

async function namespaceState(
  rest: RestClient,
  signal: AbortSignal,
): Promise<Survey["namespace"]> {
  const found = await ifThere(
    metadataOf(rest, NAMESPACE_DEFINITION).get("", NAMESPACE, { signal }),
  );
  if (found === undefined) return "absent";
  if (!isLabelled(found, OWN_LABEL, OWN_LABEL_VALUE)) return "foreign";
  return found.metadata.deletionTimestamp === undefined ? "ours" : "terminating";
}

async function countOthers(rest: RestClient, signal: AbortSignal): Promise<number> {
  const lists = await Promise.all(
    bindingClients(rest).map((client) => ifThere(client.list({ signal }))),
  );
  return lists.flatMap((list) => list?.items ?? [])
    .filter((binding) => !isLabelled(binding, OWN_LABEL, OWN_LABEL_VALUE)).length;
}

async function operatorState(
  rest: RestClient,
  clock: Clock,
  signal: AbortSignal,
): Promise<Survey["operator"]> {
  try {
    const fieldSelector = `metadata.name=${LEASE_NAME}`;
    const { items } = await leases(rest).list({ fieldSelector, signal });
    const held = items.find(({ spec }) =>
      (spec?.holderIdentity ?? "") !== "" &&
      clock.now() - Date.parse(spec?.renewTime ?? "") < LEASE_HELD_MS
    );
    if (held === undefined) return "none";
    return { holder: held.spec!.holderIdentity!, namespace: held.metadata.namespace };
  } catch (error) {
    if (isForbidden(error)) return "unknown";
    throw error;
  }
}
