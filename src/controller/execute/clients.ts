import type { AcrPullBinding as BindingV1 } from "../../api/v1beta1.ts";
import type { AcrPullBinding as BindingV2 } from "../../api/v1beta2.ts";
import type { Secret, ServiceAccount } from "../../kubernetes/resources/built_in.ts";
import type {
  PartialObjectMetadata,
  ResourceClient,
} from "../../kubernetes/resources/resource_client.ts";

/** A client to which no Secret's data comes back. */
export type SecretMetadataClient = ResourceClient<Secret, PartialObjectMetadata>;

/** The clients by which actions reach the API server. */
export interface Clients {
  readonly v1beta1: ResourceClient<BindingV1>;
  readonly v1beta2: ResourceClient<BindingV2>;
  readonly secrets: ResourceClient<Secret>;
  readonly secretMetadata: SecretMetadataClient;
  readonly serviceAccountMetadata: ResourceClient<ServiceAccount, PartialObjectMetadata>;
}
