import type { AcrPullBinding } from "../../src/api/v1beta2.ts";
import { BindingObjects, CLIENT_ID } from "./binding_objects.ts";
import type { OperatorRig } from "./operator_rig.ts";
import { referenceSecretName } from "./reference_rules.ts";

export { CLIENT_ID } from "./binding_objects.ts";

/** A tenant that the fake Azure knows, as it knows every well-formed one. */
export const TENANT_ID = "72f988bf-86f1-41af-91ab-2d7cd011db47";

/** A managed identity by its resource ID. */
export const RESOURCE_ID = "/subscriptions/712288dc-f816-4242-b73f-a0a87265dcc8/resourceGroups/" +
  "my-group/providers/Microsoft.ManagedIdentity/userAssignedIdentities/my-identity";

/** The annotations by which a ServiceAccount names its identity. */
export const WORKLOAD_IDENTITY = {
  "azure.workload.identity/client-id": CLIENT_ID,
  "azure.workload.identity/tenant-id": TENANT_ID,
};

export type Spec = NonNullable<AcrPullBinding["spec"]>;

/** A v1beta2 binding, named `pull` unless told, and what belongs to it. */
export class V2 extends BindingObjects<AcrPullBinding> {
  constructor(rig: OperatorRig, name = "pull") {
    const secret = referenceSecretName("v1beta2", name);
    super(rig, { apiVersion: "acrpull.microsoft.com/v1beta2", name, secret });
  }

  protected override get usualSpec(): Spec {
    return specWith({});
  }

  /** A binding with a workload identity that `default` names by its annotations. */
  async establishFederated(): Promise<void> {
    await this.createAccount("default", [], WORKLOAD_IDENTITY);
    await this.createBinding({ spec: federatedBy("default") });
    await this.ready();
  }
}

/** The usual spec, changed in some parts. */
export function specWith(
  { acr = {}, auth = { managedIdentity: { clientID: CLIENT_ID } }, serviceAccountName = "default" }:
    { acr?: Partial<Spec["acr"]>; auth?: Spec["auth"]; serviceAccountName?: string },
): Spec {
  return {
    acr: {
      server: "bench.azurecr.io",
      scope: "repository:app:pull",
      environment: "PublicCloud",
      ...acr,
    },
    auth,
    serviceAccountName,
  };
}

/** The usual spec with the workload identity of an account. */
export function federatedBy(
  serviceAccountRef: string,
  ids: { clientID?: string; tenantID?: string } = {},
  acr: Partial<Spec["acr"]> = {},
): Spec {
  return specWith({ acr, auth: { workloadIdentity: { serviceAccountRef, ...ids } } });
}
