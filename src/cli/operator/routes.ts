import { IMDS_BASE_URL } from "../../azure/imds.ts";
import type { ResolvedCluster } from "../../kubernetes/config/types.ts";
import { parseNoProxy } from "../../runtime/network/no_proxy.ts";
import type { Route } from "../../runtime/network/proxy_route.ts";
import type { Options } from "../flags/options.ts";

/** Which hosts of Azure and which API server are called by way of a proxy. */
export interface Routes {
  readonly toAzure: (url: URL) => Route;
  readonly toCluster: (cluster: Pick<ResolvedCluster, "server" | "inCluster" | "proxy">) => Route;
}

/**
 * The routes by NO_PROXY, or by `no_proxy` where that is empty, as Go reads them. Neither IMDS nor a
 * pod's API server is ever called by way of a proxy; what a kubeconfig's own proxy-url names always
 * is, as by kubectl. Where no proxy is used, all routes are direct, so that one pool of connections
 * does.
 */
export function routesOf(
  env: (name: "NO_PROXY" | "no_proxy") => string | undefined,
  { imdsAuthorityHost = IMDS_BASE_URL }: Pick<Options, "imdsAuthorityHost">,
  usesProxy: boolean,
): Routes {
  const bypasses = parseNoProxy(env("NO_PROXY") || env("no_proxy") || "");
  const imds = [IMDS_BASE_URL, imdsAuthorityHost].map((url) => new URL(url).host);
  return {
    toAzure: (url) => !usesProxy || imds.includes(url.host) || bypasses(url) ? "direct" : "proxied",
    toCluster: ({ server, inCluster, proxy }) => {
      if (proxy !== undefined) return "proxied";
      return inCluster || bypasses(new URL(server)) ? "direct" : "proxied";
    },
  };
}
