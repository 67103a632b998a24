import { type BindAddress, formatBindAddress } from "../../http_server/bind_address.ts";
import type { Options } from "../flags/options.ts";
import type { NetPermission } from "./sandbox.ts";

/** Where the manifests have each served, which the permissions of the executable allow. */
const SERVED = {
  "--metrics-bind-address": "127.0.0.1:8080, or :8443 with --metrics-secure",
  "--health-probe-bind-address": ":8081",
} as const;

/**
 * Addresses to listen on that options name and Deno does not allow, one sentence each, so that they
 * are refused at start with those that it does.
 */
export function listeningFaults(
  options: Pick<Options, "metricsBindAddress" | "healthProbeBindAddress">,
  net: Pick<NetPermission, "granted">,
): string[] {
  const addresses = [
    ["--metrics-bind-address", options.metricsBindAddress],
    ["--health-probe-bind-address", options.healthProbeBindAddress],
  ] as const;
  return addresses.flatMap(([option, address]) =>
    address === null || mayListen(address, net) ? [] : [
      `${option}=${
        formatBindAddress(address)
      } cannot be honoured: this executable may not listen ` +
      `there; write ${
        SERVED[option]
      }, or allow it with \`deno task compile --allow-host\` or the ` +
      "image's build argument ALLOW_HOSTS.",
    ]
  );
}

/** Every interface is tried for IPv6 first, and then for IPv4: see http_server/listener.ts. */
function mayListen({ host, port }: BindAddress, net: Pick<NetPermission, "granted">): boolean {
  const hosts = host === "" ? ["::", "0.0.0.0"] : [host];
  return hosts.some((each) => net.granted(formatBindAddress({ host: each, port })));
}
