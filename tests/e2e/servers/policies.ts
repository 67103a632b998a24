import assert from "node:assert/strict";
import { eventually } from "../../suites/eventually.ts";
import type { ControlPlane } from "./control_plane.ts";
import { deployTo } from "./deploy_task.ts";
import { e2e } from "./gate.ts";
import { kubectl, kubectlOk, type KubectlResult, type KubectlTarget } from "./kubectl.ts";
import { OPERATOR } from "./manifests.ts";

let installed: Promise<void> | undefined;

/** A test with everything in force that deploy/latest holds. */
export function withPolicies(name: string, test: (plane: ControlPlane) => Promise<void>): void {
  e2e(name, async (plane) => {
    await (installed ??= install(plane));
    await test(plane);
  });
}

/** One request for each policy that it must refuse, since they take effect with a delay. */
async function install(plane: ControlPlane): Promise<void> {
  const { code, stderr } = await deployTo(plane, ["--apply"]);
  assert.equal(code, 0, stderr);
  const namespace = await plane.createNamespace();
  await mayDoAll(plane, namespace);
  const account = { apiVersion: "v1", kind: "ServiceAccount", metadata: { name: "probe" } };
  const refused: readonly [string, () => Promise<KubectlResult>][] = [
    ["msi-acrpull-secrets", () => attempt({ apiVersion: "v1", kind: "Secret" })],
    ["msi-acrpull-service-accounts", () => attempt({ apiVersion: "v1", kind: "ServiceAccount" })],
    ["msi-acrpull-bindings", () => attempt(BINDINGS[0])],
    ["msi-acrpull-bindings", () => attempt(BINDINGS[1])],
    ["msi-acrpull-token-requests", () => createToken(plane, namespace, "probe", ["else"])],
  ];
  const attempt = (object: unknown) =>
    asOperator(plane, namespace, { ...object as object, metadata: { generateName: "probe-" } });
  await createAsAdmin(plane, namespace, account);
  for (const [policy, request] of refused) {
    await eventually(`policy ${policy} is in force`, async () => {
      return (await request()).stderr.includes(`'${policy}'`) || undefined;
    });
  }
}

/** One of each API, without anything that the operator makes. */
export const BINDINGS = [
  {
    apiVersion: "msi-acrpull.microsoft.com/v1beta1",
    kind: "AcrPullBinding",
    metadata: { name: "pull" },
    spec: { acrServer: "bench.azurecr.io" },
  },
  {
    apiVersion: "acrpull.microsoft.com/v1beta2",
    kind: "AcrPullBinding",
    metadata: { name: "pull" },
    spec: {
      acr: { server: "bench.azurecr.io", scope: "repository:app:pull", environment: "PublicCloud" },
      auth: { managedIdentity: { clientID: "1b461305-28be-5271-beda-bd9fd2e24251" } },
      serviceAccountName: "default",
    },
  },
] as const;

/** Lets the operator's account do everything in one namespace, so that only policies are left. */
export async function mayDoAll(plane: ControlPlane, namespace: string): Promise<void> {
  const { namespace: home, serviceAccount, user } = OPERATOR;
  const subject = `--serviceaccount=${home}:${serviceAccount}`;
  const args = ["create", "rolebinding", "all", "--clusterrole=cluster-admin", subject];
  await kubectlOk(plane, [...args, "-n", namespace]);
  await eventually("the operator's account may do everything", async () => {
    const { stdout } = await kubectl(plane, ["auth", "can-i", "*", "*", "-n", namespace], { user });
    return stdout === "yes\n" || undefined;
  });
}

/** Asks for a token of a ServiceAccount as the operator's own account; `more` are flags besides. */
export function createToken(
  plane: KubectlTarget,
  namespace: string,
  account: string,
  audiences: readonly string[],
  more: readonly string[] = [],
): Promise<KubectlResult> {
  const asked = audiences.map((audience) => `--audience=${audience}`);
  const args = ["create", "token", account, "-n", namespace, ...asked, ...more];
  return kubectl(plane, args, { user: OPERATOR.user });
}

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
  more: readonly string[] = [],
): Promise<KubectlResult> {
  const body = ["--type=merge", "-p", JSON.stringify(patch)];
  return kubectl(plane, ["patch", "-n", namespace, what, ...body, ...more], {
    user: OPERATOR.user,
  });
}

/** Creates an object as the administrator. */
export async function createAsAdmin(
  plane: KubectlTarget,
  namespace: string,
  object: unknown,
): Promise<void> {
  const stdin = JSON.stringify(object);
  await kubectlOk(plane, ["create", "-n", namespace, "-f", "-"], { stdin });
}

/**
 * What the API server says of a request that `policy` denies with `message`, or more of it, and
 * `remedy` after that.
 */
export function denial(policy: string, message: string, remedy = ""): RegExp {
  const text = `ValidatingAdmissionPolicy '${policy}' with binding '${policy}' denied request: ` +
    message;
  return new RegExp(`${RegExp.escape(text)}.*${RegExp.escape(remedy)}`);
}
