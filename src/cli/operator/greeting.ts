import { ConfigError } from "../../kubernetes/config/errors.ts";
import type { ResolvedCluster } from "../../kubernetes/config/types.ts";
import type { RestClient } from "../../kubernetes/http/contract.ts";
import { ApiError } from "../../kubernetes/http/errors.ts";
import { nameFailure } from "../../kubernetes/http/name_failure.ts";
import { parseIp } from "../../runtime/network/ip_address.ts";
import type { Logger } from "../../telemetry/log/logger.ts";

/** What a greeting needs beside the client. */
export interface Greeting {
  readonly cluster: Pick<ResolvedCluster, "origin" | "server" | "inCluster">;
  /** KUBERNETES_SERVICE_HOST. */
  readonly serviceHost: string | undefined;
  readonly log: Pick<Logger, "error">;
}

/**
 * Asks the API server for its version, so that what is wrong with the configuration is said at once
 * and ends the program: rejects with ConfigError. What may pass by itself is left to those who call
 * later.
 */
export async function greet(
  rest: Pick<RestClient, "performRequest">,
  greeting: Greeting,
): Promise<void> {
  try {
    await rest.performRequest({ method: "GET", path: "/version", expectJson: true });
  } catch (error) {
    if (error instanceof ConfigError) throw error;
    const failure = ApiError.from(error);
    const { origin, inCluster } = greeting.cluster;
    const hint = inCluster ? hintInPod(failure, greeting) : hintOutside(failure);
    if (hint === undefined) return;
    const said = `${origin}: ${hint}`;
    // Those who call later find out when a DNS server answers again, or another certificate is there.
    if (inCluster && nameFailure(failure) !== "unknown") greeting.log.error(said);
    else throw new ConfigError(said, { cause: error });
  }
}

/** What an answer says of a kubeconfig; undefined where it says nothing. */
function hintOutside({ code, message }: ApiError): string | undefined {
  if (code === 401) {
    return "the API server does not know this user; check its token or certificate";
  }
  if (/certificate|UnknownIssuer/i.test(message)) {
    return `the API server's certificate is not trusted (${message}); check ` +
      "clusters[].cluster.certificate-authority-data";
  }
  // A server of TLS answers plain HTTP with a sentence of its own.
  if (code === 400) return "the API server refuses the request; check clusters[].cluster.server";
  return undefined;
}

/** What a pod lacks; undefined where the failure tells it by itself. */
function hintInPod(failure: ApiError, greeting: Greeting): string | undefined {
  const name = nameFailure(failure);
  if (name === undefined) return untrusted(failure);
  const { hostname } = new URL(greeting.cluster.server);
  const problem = name === "unknown"
    ? `the DNS server that this pod asks does not know ${hostname}`
    : `no DNS server has told this pod the address of ${hostname}; if that lasts`;
  const remedies = [
    "set dnsPolicy: ClusterFirstWithHostNet in the pod, if it has hostNetwork: true",
    ...aliasRemedy(hostname, greeting.serviceHost),
  ];
  return `${problem}${name === "unknown" ? ": " : ", "}${remedies.join(", or ")}`;
}

/** The kubelet writes another ca.crt where the cluster's authority is replaced. */
function untrusted({ message }: ApiError): string | undefined {
  const at = message.indexOf("invalid peer certificate");
  if (at < 0) return undefined;
  return `the pod's ca.crt does not vouch for what answers as the API server (${
    message.slice(at)
  }); if that lasts, look for a proxy in its place, or restart the pod`;
}

/** Where the cluster has no DNS at all. The certificate is checked by the name all the same. */
function aliasRemedy(hostname: string, serviceHost = ""): string[] {
  if (parseIp(serviceHost) === undefined) return [];
  return [`give it hostAliases in which ${serviceHost} has the name ${hostname}`];
}
