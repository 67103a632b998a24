import type { ServiceAccount } from "../../kubernetes/resources/built_in.ts";
import type { Stored } from "../../kubernetes/resources/resource_client.ts";
import { optional } from "../../runtime/optional.ts";
import { shareText } from "../../runtime/text/shared_text.ts";
import type { BindingApis } from "../binding/apis.ts";
import { CLIENT_ID_ANNOTATION, TENANT_ID_ANNOTATION } from "../conventions.ts";
import type { ServiceAccountState } from "../plan/snapshot.ts";
import { areFew, type Crowd, crowdOf, isInCrowd } from "./crowd.ts";
import { kept } from "./kept_text.ts";
import { isLarge, type Sized } from "./large.ts";

/** A ServiceAccount without what bindings do not care for. */
export interface CachedServiceAccount extends Stored<ServiceAccount>, Sized {
  /** In place of imagePullSecrets, where these are many. */
  crowd?: Crowd;
}

/**
 * What is kept of a ServiceAccount: its identity, and whom it names, but of names in great number no
 * more than tells ours apart. What is left out is read before the account is written.
 */
export function keepServiceAccount(
  account: Stored<ServiceAccount>,
  apis: BindingApis,
): CachedServiceAccount {
  const { name, namespace, uid, resourceVersion, annotations } = account.metadata;
  const names = pullSecretsOf(account);
  return {
    ...(isLarge(account) ? { isLarge: true } : {}),
    metadata: {
      name,
      namespace: shareText(namespace),
      uid,
      resourceVersion,
      annotations: {
        ...optional(CLIENT_ID_ANNOTATION, kept(annotations?.[CLIENT_ID_ANNOTATION])),
        ...optional(TENANT_ID_ANNOTATION, kept(annotations?.[TENANT_ID_ANNOTATION])),
      },
    },
    ...(areFew(names)
      ? { imagePullSecrets: account.imagePullSecrets ?? [] }
      : { crowd: crowdOf(names, (name) => apis.ofSecret(name) !== undefined) }),
  };
}

/** The ServiceAccount as a plan sees it that cares for these pull Secrets. */
export function serviceAccountState(
  account: CachedServiceAccount,
  secrets: Iterable<string> = [],
): ServiceAccountState {
  const { name, uid, annotations } = account.metadata;
  const { crowd } = account;
  return {
    name,
    uid,
    pullSecrets: crowd === undefined
      ? pullSecretsOf(account)
      : [...secrets].filter((secret) => isInCrowd(crowd, secret)),
    ...optional("clientId", annotations?.[CLIENT_ID_ANNOTATION]),
    ...optional("tenantId", annotations?.[TENANT_ID_ANNOTATION]),
  };
}

/** The account, if all that it names is known: its list is written as a whole. */
export function wholeOnly(
  account: CachedServiceAccount | undefined,
): Stored<ServiceAccount> | undefined {
  return account?.crowd === undefined ? account : undefined;
}

/** Names in a ServiceAccount's imagePullSecrets, in their order; none of a crowd. */
export function pullSecretsOf(account: CachedServiceAccount): readonly string[] {
  const { imagePullSecrets = [] } = account;
  const names: string[] = [];
  // By index: there may be tens of thousands, and an iterator makes an object of each.
  for (let at = 0; at < imagePullSecrets.length; at++) {
    const { name } = imagePullSecrets[at]!;
    if (name !== undefined) names.push(name);
  }
  return names;
}
