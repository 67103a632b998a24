import type { AdminClient } from "./admin_client.ts";
import { ServerError, ServerProcess } from "./process.ts";
import { waitUntil } from "./wait.ts";

/** Written into every ServiceAccount token as `iss`. */
export const SERVICE_ACCOUNT_ISSUER = "https://kubernetes.default.svc.cluster.local";

const PORT_ATTEMPTS = 3;

/** A running kube-apiserver. */
export interface KubeApiserver {
  url: string;
  admin: AdminClient;
  process: ServerProcess;
}

/** Files and addresses that a kube-apiserver is started with. */
export interface KubeApiserverOptions {
  executable: string;
  /** Holds the keys, see writeKeys(), and takes the log. */
  directory: string;
  etcdUrl: string;
  /** Opens a client to the URL that the server will have. */
  connect: (url: string) => AdminClient;
  removeWhenStopped?: string;
  extraFlags: string[];
  signal: AbortSignal;
}

/**
 * Starts kube-apiserver on a free port and waits until /readyz answers 200, which includes the
 * built-in roles.
 *
 * @throws {ServerError} when it ends early or the signal aborts.
 */
export async function startKubeApiserver(options: KubeApiserverOptions): Promise<KubeApiserver> {
  for (let attempt = 1;; attempt++) {
    try {
      return await startOnPort(options, freePort());
    } catch (error) {
      if (!(error instanceof PortTakenError) || attempt === PORT_ATTEMPTS) throw error;
    }
  }
}

async function startOnPort(options: KubeApiserverOptions, port: number): Promise<KubeApiserver> {
  const url = `https://127.0.0.1:${port}`;
  const admin = options.connect(url);
  const process = new ServerProcess({
    name: "kube-apiserver",
    executable: options.executable,
    args: [...flags(options, port), ...options.extraFlags],
    log: `${options.directory}/kube-apiserver.log`,
    ...(options.removeWhenStopped && { removeWhenStopped: options.removeWhenStopped }),
  });
  try {
    await waitUntil(process, options.signal, () => ready(admin));
    return { url, admin, process };
  } catch (error) {
    const portTaken = (await process.output()).includes("address already in use");
    admin[Symbol.dispose]();
    await process.stop();
    throw portTaken ? new PortTakenError(`port ${port} was taken`, { cause: error }) : error;
  }
}

/** The port was free when it was chosen, and taken when the server wanted it. */
class PortTakenError extends ServerError {}

/** kube-apiserver cannot be told to let the kernel choose. */
function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}

async function ready(admin: AdminClient): Promise<true | undefined> {
  try {
    const response = await admin.fetch("/readyz");
    await response.body?.cancel();
    return response.ok || undefined;
  } catch (error) {
    // fetch rejects with a TypeError as long as nobody listens.
    if (error instanceof TypeError) return undefined;
    throw error;
  }
}

function flags({ directory, etcdUrl }: KubeApiserverOptions, port: number): string[] {
  return [
    `--etcd-servers=${etcdUrl}`,
    "--bind-address=127.0.0.1",
    "--advertise-address=127.0.0.1",
    `--secure-port=${port}`,
    // Without nodes there is nobody to route the Service `kubernetes` to.
    "--endpoint-reconciler-type=none",
    "--service-cluster-ip-range=10.0.0.0/24",
    `--tls-cert-file=${directory}/serving.crt`,
    `--tls-private-key-file=${directory}/serving.key`,
    `--client-ca-file=${directory}/ca.crt`,
    `--service-account-issuer=${SERVICE_ACCOUNT_ISSUER}`,
    `--service-account-key-file=${directory}/serviceaccount.pub`,
    `--service-account-signing-key-file=${directory}/serviceaccount.key`,
    // A token keeps the lifetime that was asked for, so that a test sees it expire.
    "--service-account-extend-token-expiration=false",
    "--authorization-mode=RBAC",
    "--anonymous-auth=false",
    // Off by default; where a cluster has it, blockOwnerDeletion needs a permission of its own.
    "--enable-admission-plugins=OwnerReferencesPermissionEnforcement",
    // It adds a token volume to Pods and refuses those whose ServiceAccount is missing. Without a
    // controller-manager no namespace gets its default ServiceAccount.
    "--disable-admission-plugins=ServiceAccount",
    "--profiling=false",
  ];
}
