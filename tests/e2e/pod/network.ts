import { run } from "./command.ts";

/** Where IMDS is on every node in Azure. */
export const IMDS_ADDRESS = "169.254.169.254";

/** Of the Service `kubernetes`, and of the cluster's DNS. */
export const API_ADDRESS = "10.0.0.1";
export const DNS_ADDRESS = "10.0.0.10";

/** Azure's hosts, at addresses for documentation (RFC 5737). */
export const AZURE_HOSTS: ReadonlyMap<string, string> = new Map([
  ["login.microsoftonline.com", "198.51.100.1"],
  ["example.azurecr.io", "198.51.100.2"],
]);

/** Names that pods can resolve. */
export const NAMES: ReadonlyMap<string, string> = new Map([
  ...AZURE_HOSTS,
  ["kubernetes.default.svc.cluster.local", API_ADDRESS],
]);

/** A pod's place in the network: a namespace with one interface, and the node as its gateway. */
export interface PodNetwork {
  /** Of the network namespace, as `ip netns` knows it. */
  readonly name: string;
  readonly address: string;
}

/**
 * Gives this network namespace the addresses of a node, its services and Azure. Throws where it is
 * not one of its own with a loopback and nothing else: there IMDS would be the machine's real one.
 */
export async function makeNetwork(): Promise<void> {
  const interfaces = await interfaceNames();
  // A machine's own loopback has an address; a new namespace's has none.
  const addresses = await run("ip", "-oneline", "address");
  if (interfaces.join() !== "lo" || addresses !== "") {
    throw new Error(`this network has ${interfaces.join(", ")} in use: run it in one of its own`);
  }
  // `ip netns` keeps its namespaces in /run, which must not be the machine's.
  await run("mount", "-t", "tmpfs", "tmpfs", "/run");
  await run("ip", "link", "set", "lo", "up");
  const taken = [API_ADDRESS, DNS_ADDRESS, IMDS_ADDRESS, ...AZURE_HOSTS.values()];
  for (const address of taken) await run("ip", "address", "add", `${address}/32`, "dev", "lo");
}

/** Makes a network namespace for a pod, joined to this one by a pair of interfaces. */
export async function addPodNetwork(name: string, index: number): Promise<PodNetwork> {
  const [gateway, address] = [`10.244.${index}.1`, `10.244.${index}.2`];
  const near = `pod${index}`;
  const inside = (...args: string[]) => run("ip", "-netns", name, ...args);
  await run("ip", "netns", "add", name);
  await run("ip", "link", "add", near, "type", "veth", "peer", "name", "eth0", "netns", name);
  await run("ip", "address", "add", `${gateway}/24`, "dev", near);
  await run("ip", "link", "set", near, "up");
  await inside("link", "set", "lo", "up");
  await inside("address", "add", `${address}/24`, "dev", "eth0");
  await inside("link", "set", "eth0", "up");
  await inside("route", "add", "default", "via", gateway);
  return { name, address };
}

/** The namespace as a file, for `nsenter`. */
export function namespaceFile({ name }: PodNetwork): string {
  return `/run/netns/${name}`;
}

async function interfaceNames(): Promise<string[]> {
  const text = await Deno.readTextFile("/proc/net/dev");
  return [...text.matchAll(/^\s*(\S+):/gm)].map((match) => match[1]!);
}
