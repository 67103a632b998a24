import { Redacted } from "../../runtime/redacted.ts";
import { tokenFileCredentials } from "./credentials.ts";
import { ConfigError } from "./errors.ts";
import { pemFault } from "./pem.ts";
import { type ConfigSources, readOr } from "./sources.ts";
import type { ResolvedCluster } from "./types.ts";

/** Where the kubelet mounts a pod's ServiceAccount. */
export const SERVICE_ACCOUNT_DIRECTORY = "/var/run/secrets/kubernetes.io/serviceaccount";

const TOKEN_FILE = `${SERVICE_ACCOUNT_DIRECTORY}/token`;
const CA_FILE = `${SERVICE_ACCOUNT_DIRECTORY}/ca.crt`;
const NAMESPACE_FILE = `${SERVICE_ACCOUNT_DIRECTORY}/namespace`;

const REMEDY = "the pod must mount its ServiceAccount (automountServiceAccountToken)";

/**
 * The API server as a pod sees it: address from the environment, CA, token and namespace from the
 * mounted ServiceAccount. All of them are read once here, so that a pod that lacks one says so at
 * its start. Rejects with `ConfigError`.
 * See https://kubernetes.io/docs/tasks/run-application/access-api-from-pod/.
 */
export async function loadInCluster(
  sources: Pick<ConfigSources, "env" | "readFile" | "clock">,
): Promise<ResolvedCluster> {
  const server = serverUrl(sources);
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

async function readCa(sources: Pick<ConfigSources, "readFile">): Promise<string> {
  const text = await read(sources, CA_FILE);
  const fault = pemFault("certificate", text);
  if (fault) throw new ConfigError(`in-cluster: ${CA_FILE} ${fault}`);
  return text;
}

async function readToken(sources: Pick<ConfigSources, "readFile">): Promise<Redacted> {
  const token = (await read(sources, TOKEN_FILE)).trim();
  if (token === "") throw new ConfigError(`in-cluster: ${TOKEN_FILE} is empty; ${REMEDY}`);
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
