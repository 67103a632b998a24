import type { ServiceAccount } from "../../kubernetes/resources/built_in.ts";
import type { Patch, Stored } from "../../kubernetes/resources/resource_client.ts";
import { areFew } from "../cluster/crowd.ts";
import { pullSecretsOf } from "../cluster/cached_service_account.ts";
import type { BindingApis } from "../binding/apis.ts";

/** Which Secrets a ServiceAccount is to name (true) and which not (false). */
export type References = ReadonlyMap<string, boolean>;

/** A write to an account, without the account, which may be large. */
export interface Change {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  /** The version that it was made from, and the only one that it changes. */
  readonly resourceVersion: string;
  readonly patch: Patch;
  /** By a patch of steps, of which a server says "invalid" where the account has changed. */
  readonly isByIndex: boolean;
  /** Those that it writes. */
  readonly references: References;
  /** Whether others are left to be written. */
  readonly isPart: boolean;
}

/** The server takes 10,000 steps at once; so many are some 100 KB. */
const MOST_STEPS = 1000;

/**
 * The write by which an account gets the references that it lacks and loses those that it should;
 * undefined where it has it all. Few names are written as a whole, in their order. Where there are
 * many, a patch of steps names what changes alone, since the list may have megabytes, and many such
 * writes may be under way.
 */
export function changeOf(
  account: Stored<ServiceAccount>,
  references: References,
  apis: BindingApis,
): Change | undefined {
  const { namespace, name, uid, resourceVersion } = account.metadata;
  const of = { namespace, name, uid, resourceVersion };
  if (areFew(pullSecretsOf(account))) {
    const body = referencePatch(account, references, apis);
    const patch = body && { type: "merge" as const, body };
    return patch && { ...of, patch, isByIndex: false, references, isPart: false };
  }
  const steps = referenceSteps(account, references, apis);
  if (steps === undefined) return undefined;
  const patch = { type: "json", body: steps.body } as const;
  return { ...of, patch, isByIndex: true, references: steps.references, isPart: steps.isPart };
}

/**
 * A merge patch that adds and removes our names and puts the list in order, or undefined when the
 * account has it all. The API server knows imagePullSecrets only as a whole (listType atomic). So
 * the patch names the version that it was made from. What others write at the same moment makes it
 * a conflict, and is kept.
 */
export function referencePatch(
  account: Stored<ServiceAccount>,
  references: References,
  apis: BindingApis,
): Record<string, unknown> | undefined {
  const { uid, resourceVersion } = account.metadata;
  const present = pullSecretsOf(account);
  const known = new Set(present);
  const added = [...references].filter(([name, wanted]) => wanted && !known.has(name));
  const kept = present.filter((name) => references.get(name) !== false);
  if (added.length === 0 && kept.length === present.length) return undefined;
  const names = apis.inOrder([...kept, ...added.map(([name]) => name)]);
  return {
    metadata: { uid, resourceVersion },
    imagePullSecrets: names.map((name) => ({ name })),
  };
}

/** The steps of a patch, and the references that it writes. */
export interface ReferenceSteps {
  readonly body: readonly unknown[];
  readonly references: References;
  /** Whether more are left than one patch takes. */
  readonly isPart: boolean;
}

/**
 * A JSON Patch (RFC 6902) that removes and adds our names one by one, or undefined when the account
 * has it all. It holds for the account's version alone, which it tests first. Each comes behind the
 * last that goes before it, so that a list in order stays so.
 */
export function referenceSteps(
  account: Stored<ServiceAccount>,
  references: References,
  apis: BindingApis,
): ReferenceSteps | undefined {
  const present = pullSecretsOf(account);
  const known = new Set(present);
  const changed = [...references].filter(([name, wanted]) => wanted !== known.has(name));
  if (changed.length === 0) return undefined;
  const now = new Map(changed.slice(0, MOST_STEPS));
  const gone = [...present.keys()].filter((at) => now.get(present[at]!) === false);
  // One name may stand there any number of times.
  const removed = new Set(gone.slice(-MOST_STEPS));
  const kept = present.filter((_, at) => !removed.has(at));
  const added = [...now.keys()].filter((name) => now.get(name)).sort((one, other) =>
    apis.compare(one, other)
  );
  const isAllGone = removed.size === gone.length;
  const test = { op: "test", path: "/metadata/resourceVersion" };
  return {
    body: [
      { ...test, value: account.metadata.resourceVersion },
      // From behind, so that the others stay where they are.
      ...[...removed].reverse().map((at) => ({ op: "remove", path: `/imagePullSecrets/${at}` })),
      ...positions(kept, added, apis).map((at, index) => ({
        op: "add",
        path: `/imagePullSecrets/${at + index}`,
        value: { name: added[index] },
      })),
    ],
    references: isAllGone ? now : new Map(added.map((name) => [name, true])),
    isPart: changed.length > now.size || !isAllGone,
  };
}

/** Behind how many of `names` each of `added` comes, which are in order. */
function positions(
  names: readonly string[],
  added: readonly string[],
  apis: BindingApis,
): readonly number[] {
  let at = names.length;
  const found: number[] = [];
  for (const name of added.toReversed()) {
    while (at > 0 && apis.compare(names[at - 1]!, name) > 0) at--;
    found.push(at);
  }
  return found.reverse();
}
