import { Redacted } from "../../runtime/masking/redacted.ts";
import { tokenFault, tokenFileCredentials } from "./credentials.ts";
import { ConfigError } from "./errors.ts";
import { pemFault } from "./pem.ts";
import { type ConfigSources, readOr } from "./sources.ts";
import type { ResolvedCluster } from "./types.ts";

/**
 * The API server by its name in the cluster's DNS, for which every API server's certificate is
 * valid. Unlike the address in the environment it is known before the pod runs, so that a list of
 * allowed hosts can hold it. The Service `kubernetes` has this port in every cluster.
 */
export const CLUSTER_DNS_SERVER = { hostname: "kubernetes.default.svc", port: 443 } as const;

/** Where the kubelet mounts a pod's ServiceAccount. */
export const SERVICE_ACCOUNT_DIRECTORY = "/var/run/secrets/kubernetes.io/serviceaccount";

const TOKEN_FILE = `${SERVICE_ACCOUNT_DIRECTORY}/token`;
const CA_FILE = `${SERVICE_ACCOUNT_DIRECTORY}/ca.crt`;
const NAMESPACE_FILE = `${SERVICE_ACCOUNT_DIRECTORY}/namespace`;

const REMEDY = "the pod must mount its ServiceAccount (automountServiceAccountToken)";

/**
 * The API server as a pod sees it: address from the environment, or its name in the cluster's DNS
 * where Deno allows only that; CA, token and namespace from the mounted ServiceAccount. All of them
 * are read once here, so that a pod that lacks one says so at its start. Rejects with `ConfigError`.
 * See https://kubernetes.io/docs/tasks/run-application/access-api-from-pod/.
 */
export async function loadInCluster(
  sources: Pick<ConfigSources, "env" | "readFile" | "mayConnect" | "clock">,
): Promise<ResolvedCluster> {
  const server = reachable(serverUrl(sources), sources);
  const credentials = tokenFileCredentials(sources.clock, () => readToken(sources));
  const cluster: ResolvedCluster = {
    origin: "in-cluster",
    server,
    defaultNamespace: await readNamespace(sources),
    credentials,
    inCluster: true,
    tls: async () => ({ caCerts: [await readCa(sources)], caSource: `in-cluster: ${CA_FILE}` }),
  };
  await cluster.tls();
  await credentials.get();
  return cluster;
}

/** Says whether this process is told of an API server in the way that pods are. */
export function isInCluster(sources: Pick<ConfigSources, "env">): boolean {
  return Boolean(sources.env("KUBERNETES_SERVICE_HOST"));
}

function serverUrl(sources: Pick<ConfigSources, "env">): string {
  const host = sources.env("KUBERNETES_SERVICE_HOST");
  if (!host) throw new ConfigError("in-cluster: the variable KUBERNETES_SERVICE_HOST is not set");
  const port = sources.env("KUBERNETES_SERVICE_PORT") ||
    sources.env("KUBERNETES_SERVICE_PORT_HTTPS");
  if (!port) throw new ConfigError("in-cluster: the variable KUBERNETES_SERVICE_PORT is not set");
  const url = `https://${host.includes(":") ? `[${host}]` : host}:${port}`;
  if (!URL.canParse(url)) {
    throw new ConfigError(
      `in-cluster: KUBERNETES_SERVICE_HOST "${host}" and KUBERNETES_SERVICE_PORT "${port}" ` +
        "are no host and port",
    );
  }
  return url;
}

function reachable(server: string, sources: Pick<ConfigSources, "mayConnect">): string {
  const { hostname, port } = new URL(server);
  const named = `${CLUSTER_DNS_SERVER.hostname}:${CLUSTER_DNS_SERVER.port}`;
  // URL leaves out the port that is https's own; a permission without port would be another one.
  const given = `${hostname}:${port || 443}`;
  if (sources.mayConnect(given)) return server;
  if (sources.mayConnect(named)) return `https://${named}`;
  throw new ConfigError(
    `in-cluster: Deno allows connections neither to ${given} (KUBERNETES_SERVICE_HOST) nor to ` +
      `${named}: add one of them to --allow-net`,
  );
}

async function readCa(sources: Pick<ConfigSources, "readFile">): Promise<string> {
  const text = await read(sources, CA_FILE);
  const fault = pemFault("certificate", text);
  if (fault) throw new ConfigError(`in-cluster: ${CA_FILE} ${fault}`);
  return text;
}

async function readToken(sources: Pick<ConfigSources, "readFile">): Promise<Redacted> {
  const token = (await read(sources, TOKEN_FILE)).trim();
  if (token === "") throw new ConfigError(`in-cluster: ${TOKEN_FILE} is empty; ${REMEDY}`);
  const fault = tokenFault(token);
  if (fault !== undefined) throw new ConfigError(`in-cluster: ${TOKEN_FILE} ${fault}`);
  return new Redacted(token);
}

async function readNamespace(sources: Pick<ConfigSources, "readFile">): Promise<string> {
  const namespace = (await read(sources, NAMESPACE_FILE)).trim();
  if (namespace === "") throw new ConfigError(`in-cluster: ${NAMESPACE_FILE} is empty; ${REMEDY}`);
  return namespace;
}

function read(sources: Pick<ConfigSources, "readFile">, path: string): Promise<string> {
  return readOr(
    sources,
    path,
    (reason, cause) => new ConfigError(`in-cluster: ${path} ${reason}; ${REMEDY}`, { cause }),
  );
}
