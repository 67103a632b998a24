import { fileURLToPath } from "node:url";
import type { ApiServer } from "../../sandbox/api_server.ts";
import { eventually } from "../../suites/eventually.ts";
import { kubectl, kubectlOk } from "./kubectl.ts";

const DEPLOY = fileURLToPath(new URL("../../../deploy", import.meta.url));

/** Whom deploy/latest allows to do the operator's work. */
export const OPERATOR = {
  namespace: "msi-acrpull-system",
  serviceAccount: "msi-acrpull-controller-manager",
  /** As the API server names it. */
  user: "system:serviceaccount:msi-acrpull-system:msi-acrpull-controller-manager",
};

/** Applies files, or directories of them, in this order, and refuses unknown fields. */
export async function applyManifests(api: ApiServer, files: string[]): Promise<void> {
  const sources = files.flatMap((file) => ["--filename", file]);
  await kubectlOk(api, ["apply", "--server-side", "--validate=strict", ...sources]);
}

/** Applies deploy/crds and waits until both resources are served. */
export async function installCrds(api: ApiServer): Promise<void> {
  await applyManifests(api, [`${DEPLOY}/crds`]);
  await kubectlOk(api, [
    "wait",
    "--for=condition=Established",
    "--timeout=30s",
    "crd/acrpullbindings.msi-acrpull.microsoft.com",
    "crd/acrpullbindings.acrpull.microsoft.com",
  ]);
}

/**
 * Applies deploy/latest/deploy.yaml: the operator's namespace, its ServiceAccount, what that may do
 * and the policies over it. Waits until the rules have effect, which on a real API server is a
 * moment after they are written.
 */
export async function installRbac(api: ApiServer): Promise<void> {
  await applyManifests(api, [`${DEPLOY}/latest/deploy.yaml`]);
  const { namespace, user } = OPERATOR;
  await untilAllowed(api, user, ["create", "events", "--all-namespaces"]);
  await untilAllowed(api, user, ["create", "leases.coordination.k8s.io", "-n", namespace]);
}

/** Waits until `kubectl auth can-i` says yes to `user`, since rules take effect with a delay. */
async function untilAllowed(api: ApiServer, user: string, action: string[]): Promise<void> {
  await eventually(`${user} may ${action.join(" ")}`, async () => {
    const { stdout } = await kubectl(api, ["auth", "can-i", ...action], { user });
    return stdout === "yes\n" || undefined;
  });
}

/** Lets `user` do `verb` with `resource` in one namespace, and waits until that has effect. */
export async function allow(
  api: ApiServer,
  user: string,
  verb: string,
  resource: string,
  namespace: string,
): Promise<void> {
  const create = (kind: string, ...args: string[]) =>
    kubectlOk(api, ["create", kind, `${verb}-${resource}`, "-n", namespace, ...args]);
  await create("role", `--verb=${verb}`, `--resource=${resource}`);
  await create("rolebinding", `--role=${verb}-${resource}`, `--user=${user}`);
  await untilAllowed(api, user, [verb, resource, "-n", namespace]);
}
