import { optional } from "../../runtime/optional.ts";
import type { BoundObjectReference, TokenRequest } from "kubernetes-types/authentication/v1.d.ts";
import type { ServiceAccount } from "kubernetes-types/core/v1.d.ts";
import { Redacted } from "../../runtime/masking/redacted.ts";
import { badAnswer } from "./object.ts";
import { type CallOptions, ResourceClient, type ResourceDefinition } from "./resource_client.ts";
import { asObject } from "../../runtime/as_object.ts";

/** ServiceAccounts of the core group. */
export const SERVICE_ACCOUNT: ResourceDefinition = {
  group: "",
  version: "v1",
  plural: "serviceaccounts",
  kind: "ServiceAccount",
  namespaced: true,
  // Names that are written again, as a whole, have 4,096 UTF-16 units together at most.
  longestString: 32 * 1024,
};

/** What a token is asked for. */
export interface TokenOptions extends CallOptions {
  audiences: string[];
  /** At least 600; the server may grant another lifetime. Without it, the server's default. */
  expirationSeconds?: number;
  /** The token dies with this object. */
  boundObjectRef?: BoundObjectReference;
  /**
   * The very account that is meant: the server refuses, as a conflict, where one of another UID has
   * the name now. Servers before Kubernetes 1.34 do not compare it.
   */
  uid?: string;
}

/** A ServiceAccount's token and when it expires, in milliseconds since the Unix epoch. */
export interface ServiceAccountToken {
  readonly token: Redacted;
  readonly expiresAt: number;
}

/** A client of ServiceAccounts that can also ask for their tokens. */
export class ServiceAccountClient extends ResourceClient<ServiceAccount> {
  /** Asks the API server for a token of a ServiceAccount (TokenRequest, authentication.k8s.io/v1). */
  async requestToken(
    namespace: string,
    name: string,
    { signal, uid, ...spec }: TokenOptions,
  ): Promise<ServiceAccountToken> {
    const body: TokenRequest = {
      apiVersion: "authentication.k8s.io/v1",
      kind: "TokenRequest",
      ...optional("metadata", uid === undefined ? undefined : { uid }),
      spec,
    };
    const answer = await this.post({ namespace, name, subresource: "token" }, body, { signal });
    const { token, expirationTimestamp } = asObject(asObject(answer)?.status) ?? {};
    const expiresAt = typeof expirationTimestamp === "string"
      ? Date.parse(expirationTimestamp)
      : NaN;
    if (typeof token !== "string" || token === "" || Number.isNaN(expiresAt)) {
      throw badAnswer(this.definition, "a TokenRequest without token or expirationTimestamp");
    }
    return { token: new Redacted(token), expiresAt };
  }
}
