import { stringify } from "yaml";
import type { JsonObject } from "./model/json.ts";

/** What a kubeconfig for a server of plain HTTP can say. */
export interface KubeconfigOptions {
  /** `http://127.0.0.1:port`. */
  readonly server: string;
  readonly token?: string;
  readonly namespace?: string;
  /** Name of cluster, user and context. Default: in-memory. */
  readonly name?: string;
}

/** A kubeconfig as an object. */
export function kubeconfig(options: KubeconfigOptions): JsonObject {
  const { server, token, namespace, name = "in-memory" } = options;
  return {
    apiVersion: "v1",
    kind: "Config",
    clusters: [{ name, cluster: { server } }],
    users: [{ name, user: token === undefined ? {} : { token } }],
    contexts: [{
      name,
      context: { cluster: name, user: name, ...(namespace === undefined ? {} : { namespace }) },
    }],
    "current-context": name,
  };
}

/** The text of a kubeconfig file. */
export function kubeconfigText(options: KubeconfigOptions): string {
  return stringify(kubeconfig(options));
}
