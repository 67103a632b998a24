import type { GoldenAuth, GoldenFinal } from "../data/golden.ts";
import type { ClusterAdmin } from "./cluster_admin.ts";

interface Metadata {
  readonly name: string;
  readonly labels?: Record<string, string>;
  readonly annotations?: Record<string, string>;
  readonly finalizers?: string[];
  readonly deletionTimestamp?: string;
  readonly ownerReferences?: {
    apiVersion: string;
    kind: string;
    name: string;
    controller?: boolean;
    blockOwnerDeletion?: boolean;
  }[];
}

interface Binding {
  readonly metadata: Metadata;
  readonly status?: {
    error?: string;
    lastTokenRefreshTime?: string;
    tokenExpirationTime?: string;
  };
}

interface Secret {
  readonly metadata: Metadata;
  readonly type: string;
  readonly data?: Record<string, string>;
}

interface ServiceAccount {
  readonly metadata: Metadata;
  readonly imagePullSecrets?: { name: string }[];
}

const APIS = [
  ["v1beta1", "msi-acrpull.microsoft.com/v1beta1"],
  ["v1beta2", "acrpull.microsoft.com/v1beta2"],
] as const;

/** RFC 3339 with whole seconds in UTC, as the reference writes it. */
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/;

/** What a namespace holds, in the form of the recorded states. */
export async function observeState(admin: ClusterAdmin): Promise<GoldenFinal> {
  const bindings: Record<string, GoldenFinal["bindings"][string]> = {};
  for (const [version, apiVersion] of APIS) {
    for (const binding of await admin.list<Binding>(apiVersion, "AcrPullBinding")) {
      bindings[`${version}/${binding.metadata.name}`] = bindingState(binding);
    }
  }
  const secrets = await admin.list<Secret>("v1", "Secret");
  const accounts = await admin.list<ServiceAccount>("v1", "ServiceAccount");
  return {
    bindings,
    secrets: Object.fromEntries(
      secrets.map((secret) => [secret.metadata.name, secretState(secret, admin.namespace)]),
    ),
    serviceAccounts: Object.fromEntries(
      accounts.map((account) => [
        account.metadata.name,
        (account.imagePullSecrets ?? []).map(({ name }) => name),
      ]),
    ),
  };
}

function bindingState({ metadata, status }: Binding): GoldenFinal["bindings"][string] {
  return {
    finalizers: metadata.finalizers ?? [],
    deleting: metadata.deletionTimestamp !== undefined,
    error: (status?.error ?? "") !== "",
    refreshed: status?.lastTokenRefreshTime !== undefined,
    expires: status?.tokenExpirationTime !== undefined,
  };
}

function secretState(secret: Secret, namespace: string): GoldenFinal["secrets"][string] {
  const { metadata, type, data = {} } = secret;
  const owners = metadata.ownerReferences ?? [];
  return {
    type,
    labels: metadata.labels ?? {},
    annotations: Object.fromEntries(
      Object.entries(metadata.annotations ?? {}).map(([name, value]) => [
        name,
        TIME.test(value) ? "TIME" : value,
      ]),
    ),
    owner: owners.map(({ apiVersion, kind, name, controller, blockOwnerDeletion }) =>
      `${apiVersion}/${kind}/${name} controller=${controller} block=${blockOwnerDeletion}`
    ),
    auths: authsOf(data[".dockerconfigjson"], namespace),
  };
}

function authsOf(encoded: string | undefined, namespace: string): Record<string, GoldenAuth> {
  if (encoded === undefined) return {};
  const config = JSON.parse(atob(encoded)) as {
    auths: Record<string, { username: string; password: string; email: string; auth: string }>;
  };
  return Object.fromEntries(
    Object.entries(config.auths).map(([server, { username, password, email, auth }]) => [server, {
      username,
      email,
      authOk: atob(auth) === `${username}:${password}`,
      token: tokenState(password, namespace),
    }]),
  );
}

/** The claims that the recording shows. A namespace's name stands as NS there. */
function tokenState(token: string, namespace: string): GoldenAuth["token"] {
  const payload = token.split(".")[1]!;
  const bytes = Uint8Array.fromBase64(payload, { alphabet: "base64url" });
  const claims = JSON.parse(new TextDecoder().decode(bytes)) as Record<string, string>;
  const { kind, aud, scope, who, arm } = claims;
  return {
    kind,
    aud,
    ...(scope === undefined ? {} : { scope }),
    who: who!.replace(`system:serviceaccount:${namespace}:`, "system:serviceaccount:NS:"),
    arm,
  } as unknown as GoldenAuth["token"];
}
