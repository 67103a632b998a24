/**
 * What a test needs of a Kubernetes API server, whichever it is: the in-memory one of this folder
 * or the real one of tests/e2e/servers. A suite written against this runs on both.
 */
export interface ApiServer {
  /** Shown in test names, such as `in-memory` or `kube-apiserver`. */
  readonly name: string;
  /** Base URL without a trailing slash. */
  readonly url: string;
  /**
   * How to reach the server as `user`: the administrator by default, else any user name. A name of
   * the form `system:serviceaccount:<namespace>:<name>` is that ServiceAccount, which must exist.
   */
  kubeconfig(user?: string): Promise<Kubeconfig>;
  /** Creates a namespace that no other test uses and answers its name. */
  createNamespace(): Promise<string>;
  /** Ends the server and removes what it left on disk. A second call does nothing. */
  stop(): Promise<void>;
}

/** Registers a test that is handed a running API server. */
export type TestOnApiServer = (
  name: string,
  test: (api: ApiServer, context: Deno.TestContext) => void | Promise<void>,
) => void;

/** A parsed kubeconfig. Its JSON text is a valid kubeconfig file, as JSON is a subset of YAML. */
export interface Kubeconfig {
  apiVersion: "v1";
  kind: "Config";
  "current-context": string;
  clusters: { name: string; cluster: KubeconfigCluster }[];
  users: { name: string; user: KubeconfigUser }[];
  contexts: { name: string; context: { cluster: string; user: string; namespace?: string } }[];
}

/** Where the server is and whom to trust. The `-data` field is base64 of PEM. */
export interface KubeconfigCluster {
  server: string;
  "certificate-authority-data"?: string;
}

/** What the client proves itself by. The `-data` fields are base64 of PEM. */
export interface KubeconfigUser {
  token?: string;
  tokenFile?: string;
  "client-certificate-data"?: string;
  "client-key-data"?: string;
}

/** A kubeconfig of one cluster, one user and one context. */
export function kubeconfigOf(
  name: string,
  cluster: KubeconfigCluster,
  user: KubeconfigUser,
  namespace?: string,
): Kubeconfig {
  return {
    apiVersion: "v1",
    kind: "Config",
    "current-context": name,
    clusters: [{ name, cluster }],
    users: [{ name, user }],
    contexts: [{
      name,
      context: { cluster: name, user: name, ...(namespace === undefined ? {} : { namespace }) },
    }],
  };
}
