import type { ResolvedCluster } from "./types.ts";

/**
 * A value for NO_PROXY that adds `hosts` to `current`. Hosts may be names, addresses, or either with
 * a port or brackets, which are dropped: Deno matches hosts alone. Deno knows no `*`; an entry of
 * that kind is kept for child processes, and the hosts are added all the same.
 *
 * Deno reads the variable when an HTTP client is made, so it is to be set before the first request.
 * It looks at `no_proxy` only where NO_PROXY is not set: `current` is `NO_PROXY ?? no_proxy`.
 */
export function noProxyValue(current: string | undefined, hosts: readonly string[]): string {
  const entries = (current ?? "").split(",").map((entry) => entry.trim()).filter(Boolean);
  const known = new Set(entries.map((entry) => entry.toLowerCase()));
  for (const host of hosts.map(bareHost)) {
    if (host === "" || known.has(host)) continue;
    known.add(host);
    entries.push(host);
  }
  return entries.join(",");
}

/**
 * The hosts that must be reached without a proxy for `cluster`: the API server's, from within a pod.
 * From elsewhere the environment's proxy may be the only way to it, as it is for kubectl; and a
 * kubeconfig's own proxy-url would be overruled by NO_PROXY.
 */
export function noProxyHosts(cluster: ResolvedCluster): string[] {
  return cluster.inCluster ? [new URL(cluster.server).hostname] : [];
}

function bareHost(host: string): string {
  const text = host.trim().toLowerCase();
  const bracketed = /^\[([^\]]*)\](?::\d+)?$/.exec(text);
  if (bracketed) return bracketed[1]!;
  // More than one colon is an IPv6 address without brackets, which has no port.
  return text.split(":").length === 2 ? text.split(":")[0]! : text;
}
