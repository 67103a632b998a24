import type { JSONObject } from "../../src/kubernetes/http/contract.ts";
import type { ObjectMeta } from "../../src/kubernetes/resources/object.ts";
import { describe, LABELS, type Manifest, SELECTOR } from "../manifests/manifest.ts";
import { DEFAULTS } from "../manifests/settings.ts";
import { FIELD_MANAGER } from "./server_side_apply.ts";

/**
 * Whether an object is a namespace that no installation has made: it lacks our label, this task has
 * not applied it, and it is not the one of the first release, which has the default's name.
 */
export function isForeign(object: JSONObject): boolean {
  if (object.kind !== "Namespace") return false;
  const { name, labels = {}, managedFields = [] } = object.metadata as unknown as ObjectMeta;
  const carries = (expected: Readonly<Record<string, string>>) =>
    Object.entries(expected).every(([label, value]) => labels[label] === value);
  const isApplied = managedFields.some(({ manager, operation }) =>
    manager === FIELD_MANAGER && operation === "Apply"
  );
  const isOfFirstRelease = name === DEFAULTS.namespace && carries(SELECTOR);
  return !carries(LABELS) && !isApplied && !isOfFirstRelease;
}

/** What is said of a namespace that is another's. */
export function notOurs(namespace: Manifest): string {
  return `${describe(namespace)} is there already and no part of an installation: to uninstall ` +
    "would delete it with everything in it. Give --create-namespace=false to leave it as it is, " +
    "or another --namespace.";
}

/** What is said of a namespace that is not part of the installation, and not there. */
export function missing(name: string): string {
  return `Namespace/${name} is not there: create it, or leave out --create-namespace=false.`;
}
