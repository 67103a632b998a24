import { ALLOW_HOST_REMEDY, permissionHost } from "../runtime/confinement.ts";
import { type AzureEndpoint, AzureError } from "./errors.ts";
import { type AzureRequest, hostOf } from "./request.ts";

/** Nothing was sent. The sentence names the host with its port, as Deno's permissions do. */
export function notAllowed({ endpoint, url }: AzureRequest, cause: Error): AzureError {
  return new AzureError({
    endpoint,
    host: hostOf(endpoint, url),
    class: "permanent-user-error",
    healsInCluster: true,
    reason: "HostNotAllowed",
    problem: `This executable may not connect to ${permissionHost(url)}`,
    remedy: `Correct the host, or ${ALLOW_HOST_REMEDY}.`,
  }, { cause });
}

export function noWholeAnswer(
  request: AzureRequest,
  { status, timedOut }: { readonly status: number; readonly timedOut: boolean },
  cause: unknown,
): AzureError {
  const { endpoint, url, timeoutMs } = request;
  const host = hostOf(endpoint, url);
  const limit = `within ${timeoutMs / 1000} s`;
  const common = { endpoint, host, class: "transient" } as const;
  if (status === 0) {
    return new AzureError({
      ...common,
      reason: timedOut ? "Timeout" : "Unreachable",
      problem: timedOut
        ? `${host} did not answer ${limit}`
        : `${host} could not be reached, or gave no answer`,
      remedy: reachability(endpoint),
    }, { cause });
  }
  return new AzureError({
    ...common,
    reason: timedOut ? "Timeout" : "Truncated",
    status,
    problem: `${host} began an answer (HTTP ${status}) ` +
      (timedOut ? `that did not end ${limit}` : "and broke it off"),
    remedy: "Look for a proxy or a firewall between the operator and this host.",
  }, { cause });
}

function reachability(endpoint: AzureEndpoint): string {
  if (endpoint === "imds") {
    return "Check that the operator runs on an Azure node and that no network policy blocks 169.254.169.254.";
  }
  if (endpoint === "entra") return "Check DNS, firewall and proxy on the way to this host.";
  return "Check the registry's name, and DNS, firewall and private endpoint on the way to it.";
}
