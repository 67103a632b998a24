import type { Lease } from "kubernetes-types/coordination/v1.d.ts";
import type { Event, Secret } from "kubernetes-types/core/v1.d.ts";
import type { RestClient } from "../http/contract.ts";
import {
  ResourceClient,
  type ResourceClientOptions,
  type ResourceDefinition,
} from "./resource_client.ts";
import { SERVICE_ACCOUNT, ServiceAccountClient } from "./service_account.ts";

export type { Lease } from "kubernetes-types/coordination/v1.d.ts";
export type {
  Event,
  LocalObjectReference,
  ObjectReference,
  Secret,
  ServiceAccount,
} from "kubernetes-types/core/v1.d.ts";
export { SERVICE_ACCOUNT, ServiceAccountClient } from "./service_account.ts";
export type { ServiceAccountToken, TokenOptions } from "./service_account.ts";

/** Secrets of the core group. */
export const SECRET: ResourceDefinition = {
  group: "",
  version: "v1",
  plural: "secrets",
  kind: "Secret",
  namespaced: true,
  // Four times what a credential takes whose token is as long as any.
  longestString: 256 * 1024,
};

/** Events of the core group: those that kubectl describe shows and the reference's RBAC allows. */
export const EVENT: ResourceDefinition = {
  group: "",
  version: "v1",
  plural: "events",
  kind: "Event",
  namespaced: true,
};

/** Leases, by which replicas agree on their leader. */
export const LEASE: ResourceDefinition = {
  group: "coordination.k8s.io",
  version: "v1",
  plural: "leases",
  kind: "Lease",
  namespaced: true,
};

/** A client of Secrets. To keep tokens out of memory use its `metadataOnly()`. */
export function secrets(
  rest: RestClient,
  options?: ResourceClientOptions,
): ResourceClient<Secret> {
  return new ResourceClient<Secret>(rest, SECRET, options);
}

/** A client of ServiceAccounts and their tokens. */
export function serviceAccounts(
  rest: RestClient,
  options?: ResourceClientOptions,
): ServiceAccountClient {
  return new ServiceAccountClient(rest, SERVICE_ACCOUNT, options);
}

/** A client of Events. */
export function events(rest: RestClient, options?: ResourceClientOptions): ResourceClient<Event> {
  return new ResourceClient<Event>(rest, EVENT, options);
}

/** A client of Leases. */
export function leases(rest: RestClient, options?: ResourceClientOptions): ResourceClient<Lease> {
  return new ResourceClient<Lease>(rest, LEASE, options);
}
