import type { ControlPlane } from "./control_plane.ts";
import { kubectl, kubectlOk, type KubectlResult } from "./kubectl.ts";
import { OPERATOR } from "./manifests.ts";

/** Creates an object as the operator's own account. */
export function asOperator(
  plane: ControlPlane,
  namespace: string,
  object: unknown,
): Promise<KubectlResult> {
  return kubectl(plane, ["create", "-n", namespace, "-f", "-"], {
    stdin: JSON.stringify(object),
    user: OPERATOR.user,
  });
}

/** Merges a patch into an object, such as `secret/pull`, as the operator's own account. */
export function patchAsOperator(
  plane: ControlPlane,
  namespace: string,
  what: string,
  patch: unknown,
): Promise<KubectlResult> {
  const args = ["patch", "-n", namespace, what, "--type=merge", "-p", JSON.stringify(patch)];
  return kubectl(plane, args, { user: OPERATOR.user });
}

/** Creates an object as the administrator. */
export async function createAsAdmin(
  plane: ControlPlane,
  namespace: string,
  object: unknown,
): Promise<void> {
  const stdin = JSON.stringify(object);
  await kubectlOk(plane, ["create", "-n", namespace, "-f", "-"], { stdin });
}

/** What the API server says of a request that `policy` denies with `message`, or more of it. */
export function denial(policy: string, message: string): RegExp {
  const text = `ValidatingAdmissionPolicy '${policy}' with binding '${policy}' denied request: ` +
    message;
  return new RegExp(RegExp.escape(text));
}
