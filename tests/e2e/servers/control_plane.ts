import {
  type ApiServer,
  type Kubeconfig,
  type KubeconfigCluster,
  kubeconfigOf,
  type KubeconfigUser,
} from "../../sandbox/api_server.ts";
import { AdminClient } from "./admin_client.ts";
import { obtainBinaries } from "./binaries.ts";
import { CertificateAuthority, generateServiceAccountKeys, type PemPair } from "./certificates.ts";
import { startEtcd } from "./etcd.ts";
import { type KubeApiserver, startKubeApiserver } from "./kube_apiserver.ts";

const START_DEADLINE_MS = 60_000;
const ADMIN = "admin";

/** By which pods know the API server of every cluster. */
const SERVICE_NAMES = [
  "kubernetes",
  "kubernetes.default",
  "kubernetes.default.svc",
  "kubernetes.default.svc.cluster.local",
];

/** How to start a control plane. */
export interface ControlPlaneOptions {
  /** Gives up the start. It has no effect on a plane that runs. */
  signal?: AbortSignal;
  /** Where data, keys and logs go, kept after stop(). A temporary directory, removed, by default. */
  dir?: string;
  /** Added after the flags that kube-apiserver is started with anyway. */
  apiserverFlags?: string[];
}

/** A kubeconfig, and the file that holds its text. */
export interface KubeconfigFile {
  path: string;
  text: string;
  value: Kubeconfig;
}

/** What a Pod that runs as a ServiceAccount would find, and the same as a kubeconfig. */
export interface ServiceAccountAccess {
  /** Holds `token`, `ca.crt` and `namespace`, as /var/run/secrets/kubernetes.io/serviceaccount. */
  directory: string;
  /** KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT. */
  environment: Record<string, string>;
  /** Reads the token from `directory`, so a token written there later is used. */
  kubeconfig: KubeconfigFile;
}

/** All that a running plane is made of. */
interface Parts {
  directory: string;
  authority: CertificateAuthority;
  apiserver: KubeApiserver;
  adminKubeconfig: KubeconfigFile;
  startedInMs: number;
  /** Ends the servers and removes what is theirs. */
  resources: AsyncDisposableStack;
}

/**
 * A real etcd and kube-apiserver on loopback, with RBAC and without any controller: nothing creates
 * a default ServiceAccount, collects what a deleted owner leaves, finishes a deleted namespace, or
 * fills the aggregated roles admin, edit and view.
 */
export class ControlPlane implements ApiServer, AsyncDisposable {
  readonly name = "kube-apiserver";
  readonly url: string;
  /** The authority that signed the server's certificate. */
  readonly caPem: string;
  /** Data, keys, logs and kubeconfigs. */
  readonly directory: string;
  /** Of a user in system:masters, whom no rule stops. */
  readonly adminKubeconfig: KubeconfigFile;
  /** From the call of start() until the server was ready, in milliseconds. */
  readonly startedInMs: number;
  readonly #parts: Parts;
  #namespaces = 0;

  private constructor(parts: Parts) {
    this.#parts = parts;
    this.url = parts.apiserver.url;
    this.caPem = parts.authority.pem;
    this.directory = parts.directory;
    this.adminKubeconfig = parts.adminKubeconfig;
    this.startedInMs = parts.startedInMs;
  }

  /**
   * Starts both servers and waits until the API is ready, 60 s at most. Binaries that are missing
   * are built before that, which may take minutes.
   *
   * @throws {BinariesError} when a binary can be neither found nor built.
   * @throws {ServerError} with the last log lines when a server does not come up.
   */
  static async start(options: ControlPlaneOptions = {}): Promise<ControlPlane> {
    const binaries = await obtainBinaries(["etcd", "kube-apiserver"]);
    const begun = performance.now();
    await using resources = new AsyncDisposableStack();
    const deadline = AbortSignal.timeout(START_DEADLINE_MS);
    const signal = options.signal ? AbortSignal.any([options.signal, deadline]) : deadline;
    const directory = options.dir ?? await temporaryDirectory(resources);
    const server = { directory, signal, ...(options.dir ? {} : { removeWhenStopped: directory }) };
    const authority = await CertificateAuthority.create("msi-acrpull-e2e");
    await writeKeys(directory, authority);
    const identity = await authority.issueClient(ADMIN, ["system:masters"]);

    const etcd = await startEtcd({ ...server, executable: binaries.etcd });
    resources.defer(() => etcd.process.stop());
    const apiserver = await startKubeApiserver({
      ...server,
      executable: binaries["kube-apiserver"],
      etcdUrl: etcd.url,
      connect: (url) => new AdminClient(url, authority.pem, identity),
      extraFlags: options.apiserverFlags ?? [],
    });
    resources.defer(() => apiserver.process.stop());
    resources.use(apiserver.admin);
    const adminKubeconfig = await writeKubeconfig(
      `${directory}/${ADMIN}.kubeconfig`,
      kubeconfigOf(ADMIN, clusterOf(apiserver.url, authority), certified(identity)),
    );
    return new ControlPlane({
      directory,
      authority,
      apiserver,
      adminKubeconfig,
      startedInMs: Math.round(performance.now() - begun),
      resources: resources.move(),
    });
  }

  /** As the global fetch, with a path in place of the URL, as the administrator. */
  adminFetch(path: string, init?: RequestInit): Promise<Response> {
    return this.#parts.apiserver.admin.fetch(path, init);
  }

  async kubeconfig(user?: string): Promise<Kubeconfig> {
    if (user === undefined) return this.adminKubeconfig.value;
    const account = /^system:serviceaccount:([^:]+):([^:]+)$/.exec(user);
    if (!account) return (await this.kubeconfigFor(user)).value;
    return (await this.serviceAccountKubeconfig(account[1]!, account[2]!)).kubeconfig.value;
  }

  /** A kubeconfig with a client certificate of its own for a user, who has no rights until bound. */
  async kubeconfigFor(user: string, groups: string[] = []): Promise<KubeconfigFile> {
    const { authority, directory } = this.#parts;
    const identity = await authority.issueClient(user, groups);
    return await writeKubeconfig(
      await Deno.makeTempFile({ dir: directory, suffix: ".kubeconfig" }),
      kubeconfigOf(user, clusterOf(this.url, authority), certified(identity)),
    );
  }

  async createNamespace(): Promise<string> {
    const unique = crypto.randomUUID().slice(0, 8);
    const name = `e2e-${++this.#namespaces}-${unique}`;
    await this.#parts.apiserver.admin.create("/api/v1/namespaces", {
      apiVersion: "v1",
      kind: "Namespace",
      metadata: { name },
    });
    return name;
  }

  /**
   * Has the server issue a token, valid for an hour, for a ServiceAccount that exists, and lays it
   * out both ways in which a client may be configured. Every call gives a token and files of its own.
   */
  async serviceAccountKubeconfig(namespace: string, name: string): Promise<ServiceAccountAccess> {
    const token = await this.#requestToken(namespace, name);
    const directory = await Deno.makeTempDir({ dir: this.directory, prefix: "serviceaccount-" });
    await Promise.all([
      Deno.writeTextFile(`${directory}/token`, token, { mode: 0o600 }),
      Deno.writeTextFile(`${directory}/ca.crt`, this.caPem),
      Deno.writeTextFile(`${directory}/namespace`, namespace),
    ]);
    const cluster = clusterOf(this.url, this.#parts.authority);
    const { hostname, port } = new URL(this.url);
    return {
      directory,
      environment: { KUBERNETES_SERVICE_HOST: hostname, KUBERNETES_SERVICE_PORT: port },
      kubeconfig: await writeKubeconfig(
        `${directory}/kubeconfig`,
        kubeconfigOf(name, cluster, { tokenFile: `${directory}/token` }, namespace),
      ),
    };
  }

  async #requestToken(namespace: string, name: string): Promise<string> {
    const request = await this.#parts.apiserver.admin.create<{ status: { token: string } }>(
      `/api/v1/namespaces/${namespace}/serviceaccounts/${name}/token`,
      {
        apiVersion: "authentication.k8s.io/v1",
        kind: "TokenRequest",
        spec: { expirationSeconds: 3600 },
      },
    );
    return request.status.token;
  }

  async stop(): Promise<void> {
    await this.#parts.resources.disposeAsync();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }
}

async function temporaryDirectory(resources: AsyncDisposableStack): Promise<string> {
  const directory = await Deno.makeTempDir({ prefix: "msi-acrpull-e2e-" });
  resources.defer(async () => {
    // The servers' guardians remove it too, so that it goes even when this process is killed.
    await Deno.remove(directory, { recursive: true }).catch((error) => {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    });
  });
  return directory;
}

async function writeKeys(directory: string, authority: CertificateAuthority): Promise<void> {
  const [serving, serviceAccount] = await Promise.all([
    authority.issueServer({ dns: ["localhost", ...SERVICE_NAMES], ip: ["127.0.0.1"] }),
    generateServiceAccountKeys(),
  ]);
  const files = {
    "ca.crt": authority.pem,
    "serving.crt": serving.publicPem,
    "serving.key": serving.privatePem,
    "serviceaccount.pub": serviceAccount.publicPem,
    "serviceaccount.key": serviceAccount.privatePem,
  };
  await Promise.all(
    Object.entries(files).map(([name, pem]) =>
      Deno.writeTextFile(`${directory}/${name}`, pem, { mode: 0o600 })
    ),
  );
}

async function writeKubeconfig(path: string, value: Kubeconfig): Promise<KubeconfigFile> {
  const text = JSON.stringify(value, null, 2);
  await Deno.writeTextFile(path, text, { mode: 0o600 });
  return { path, text, value };
}

function clusterOf(server: string, authority: CertificateAuthority): KubeconfigCluster {
  return { server, "certificate-authority-data": btoa(authority.pem) };
}

function certified(identity: PemPair): KubeconfigUser {
  return {
    "client-certificate-data": btoa(identity.publicPem),
    "client-key-data": btoa(identity.privatePem),
  };
}
