import type { AcrPullBinding } from "../../src/api/v1beta1.ts";
import type { Stored } from "../../src/kubernetes/resources/resource_client.ts";
import { BindingObjects, CLIENT_ID } from "./binding_objects.ts";
import type { OperatorRig } from "./operator_rig.ts";
import { referenceHash } from "./reference_rules.ts";

export { CLIENT_ID, type SecretObject } from "./binding_objects.ts";

export type BindingObject = Stored<AcrPullBinding>;

/** A v1beta1 binding, named `pull` unless told, and what belongs to it. */
export class V1 extends BindingObjects<AcrPullBinding> {
  constructor(rig: OperatorRig, name = "pull") {
    const secret = `${cut(name)}-msi-acrpull-secret`;
    super(rig, { apiVersion: "msi-acrpull.microsoft.com/v1beta1", name, secret });
  }

  protected override get usualSpec(): NonNullable<AcrPullBinding["spec"]> {
    return { acrServer: "bench.azurecr.io", managedIdentityClientID: CLIENT_ID };
  }
}

/** The reference has no Secret for names of more than 234 characters. */
function cut(name: string): string {
  if (name.length <= 234) return name;
  return `${name.slice(0, 223).replace(/\.$/, "")}-${referenceHash(name).slice(0, 10)}`;
}
