import { createHash } from "node:crypto";

/**
 * What the reference makes of names and inputs, and what it leaves alone: written from its
 * behaviour, with no code in common with the operator.
 */

const MANAGED = /^acr-pull-|-msi-acrpull-secret$/;

/** base36(sha224(text)). */
export function referenceHash(text: string): string {
  let rest = BigInt(`0x${createHash("sha224").update(text, "utf8").digest("hex")}`);
  let digits = "";
  do {
    digits = "0123456789abcdefghijklmnopqrstuvwxyz"[Number(rest % 36n)]! + digits;
    rest /= 36n;
  } while (rest > 0n);
  return digits;
}

/** The name of a binding's Secret. */
export function referenceSecretName(version: string, binding: string): string {
  if (version === "v1beta1") return `${binding}-msi-acrpull-secret`;
  if (binding.length <= 233) return `acr-pull-${binding}`;
  const head = binding.substring(0, 233);
  const kept = head.endsWith(".") ? head.substring(0, 232) : head;
  return `acr-pull-${kept}-${referenceHash(binding).substring(0, 10)}`;
}

interface Metadata {
  readonly name: string;
  readonly uid?: string;
  readonly finalizers?: readonly string[];
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly ownerReferences?: readonly {
    apiVersion: string;
    kind: string;
    uid: string;
    controller?: boolean;
  }[];
}

/** A binding as the reference reads it. */
export interface ReferenceBinding {
  readonly apiVersion: string;
  readonly metadata: Metadata;
  readonly spec: {
    readonly acrServer?: string;
    readonly scope?: string;
    readonly managedIdentityClientID?: string;
    readonly managedIdentityResourceID?: string;
    readonly serviceAccountName?: string;
    readonly acr?: { server: string; scope: string; environment: string };
    readonly auth?: {
      managedIdentity?: { clientID?: string; resourceID?: string };
      workloadIdentity?: { serviceAccountRef: string };
    };
  };
  readonly status?: {
    readonly error?: string;
    readonly lastTokenRefreshTime?: string;
    readonly tokenExpirationTime?: string;
  };
}

/** A Secret as the reference reads it. */
export interface ReferenceSecret {
  readonly metadata: Metadata;
  readonly type?: string;
}

/** A ServiceAccount as the reference reads it. */
export interface ReferenceAccount {
  readonly metadata: Metadata;
  readonly imagePullSecrets?: readonly { name?: string }[];
}

/** What the reference finds in one namespace. */
export interface ReferenceWorld {
  readonly bindings: readonly ReferenceBinding[];
  readonly secrets: readonly ReferenceSecret[];
  readonly accounts: readonly ReferenceAccount[];
}

/** The annotation `token.inputs`, without defaults from an environment. */
export function referenceInputs({ apiVersion, spec }: ReferenceBinding): string {
  if (apiVersion.endsWith("/v1beta1")) {
    const path = (spec.managedIdentityResourceID ?? "").replace(/\/+/g, "/").replace(/\/$/, "");
    return referenceHash(
      [spec.managedIdentityClientID, path, spec.acrServer, spec.scope].join(""),
    );
  }
  const { managedIdentity, workloadIdentity } = spec.auth!;
  const identity = managedIdentity
    ? ["managedIdentity", managedIdentity.resourceID, managedIdentity.clientID]
    : ["workloadIdentity", workloadIdentity!.serviceAccountRef];
  const { environment, server, scope } = spec.acr!;
  return referenceHash(
    [spec.serviceAccountName, ...identity, environment, server, scope].join(""),
  );
}

/** What the reference would change at `now`, one phrase each: nothing where it accepts it all. */
export function referenceWouldChange(world: ReferenceWorld, now: number): readonly string[] {
  return world.bindings.flatMap((binding) =>
    changesTo(binding, world, now).map((change) => `${binding.metadata.name}: ${change}`)
  );
}

function changesTo(binding: ReferenceBinding, world: ReferenceWorld, now: number): string[] {
  const { name, finalizers = [] } = binding.metadata;
  if (!finalizers.includes("msi-acrpull.microsoft.com")) return ["add the finalizer"];
  const version = binding.apiVersion.split("/")[1]!;
  const expected = referenceSecretName(version, name);
  // It finds Secrets by the label alone.
  const labelled = world.secrets.filter(({ metadata }) =>
    metadata.labels?.["acr.microsoft.com/binding"] === name
  );
  const secret = labelled.find(({ metadata }) => metadata.name === expected);
  if (secret === undefined) return ["mint, as there is no Secret"];
  const target = binding.spec.serviceAccountName || "default";
  return [
    ...labelled.filter((other) => other !== secret).map(({ metadata }) =>
      `delete ${metadata.name}`
    ),
    ...changesToSecret(binding, secret, now),
    ...changesToAccounts(world.accounts, target, expected),
    ...changesToStatus(binding, secret),
  ];
}

function changesToSecret(
  binding: ReferenceBinding,
  { metadata, type }: ReferenceSecret,
  now: number,
): string[] {
  const changes: string[] = [];
  const expiry = goTime(metadata.annotations?.["acr.microsoft.com/token.expiry"]);
  const refresh = goTime(metadata.annotations?.["acr.microsoft.com/token.refresh"]);
  const due = binding.apiVersion.endsWith("/v1beta1")
    ? expiry - 30 * 60_000
    : refresh + (expiry - refresh) / 2;
  if (now > due) changes.push("mint, as the refresh is due");
  if (metadata.annotations?.["acr.microsoft.com/token.inputs"] !== referenceInputs(binding)) {
    changes.push("mint, as the inputs changed");
  }
  const [owner, ...others] = metadata.ownerReferences ?? [];
  const owned = owner?.controller === true && owner.kind === "AcrPullBinding" &&
    owner.uid === binding.metadata.uid && others.length === 0;
  if (!owned) changes.push("fail, as the owner is another");
  if (type !== "kubernetes.io/dockerconfigjson") changes.push("fail, as the type is another");
  return changes;
}

function changesToAccounts(
  accounts: readonly ReferenceAccount[],
  target: string,
  secret: string,
): string[] {
  return accounts.flatMap(({ metadata, imagePullSecrets = [] }) => {
    const refers = imagePullSecrets.some(({ name }) => name === secret);
    if (metadata.name === target) return refers ? [] : [`attach to ${target}`];
    return refers && MANAGED.test(secret) ? [`detach from ${metadata.name}`] : [];
  });
}

function changesToStatus(
  { status = {} }: ReferenceBinding,
  { metadata }: ReferenceSecret,
): string[] {
  const { annotations = {} } = metadata;
  const told = (status.error ?? "") === "" &&
    goTime(status.tokenExpirationTime) === goTime(annotations["acr.microsoft.com/token.expiry"]) &&
    goTime(status.lastTokenRefreshTime) === goTime(annotations["acr.microsoft.com/token.refresh"]);
  return told ? [] : ["write the status"];
}

/** RFC 3339 as Go's time.Parse takes it; anything else counts as long ago, as in the reference. */
function goTime(text = ""): number {
  const rfc3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)$/;
  return rfc3339.test(text) ? Date.parse(text) : 0;
}
