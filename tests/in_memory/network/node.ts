import { run } from "../../e2e/pod/command.ts";
import { AZURE_HOSTS, IMDS_ADDRESS, makeNetwork } from "../../e2e/pod/network.ts";
import type { FakeAzure } from "../../sandbox/azure/azure.ts";
import { listenOnHosts } from "../../sandbox/azure/hosts.ts";
import { TcpRelay } from "../../suites/tcp_relay.ts";

/** Where the hosts really are; the relays have their addresses. */
const BEHIND: ReadonlyMap<string, string> = new Map(
  [IMDS_ADDRESS, ...AZURE_HOSTS.values()].map((address, index) => [
    address,
    `203.0.113.${index + 1}`,
  ]),
);

/** A node's network with Azure in it, each of whose hosts is behind a relay. */
export interface AzureNode extends AsyncDisposable {
  readonly caPem: string;
  /** By host name; `imds` is IMDS's. */
  readonly relays: ReadonlyMap<string, TcpRelay>;
}

/**
 * Makes this network namespace that of a node, and serves Azure in it under its own names and
 * addresses: Entra and registries by TLS and HTTP/2, IMDS by HTTP/1.1.
 */
export async function azureNode(azure: FakeAzure): Promise<AzureNode> {
  await makeNetwork();
  for (const address of BEHIND.values()) {
    await run("ip", "address", "add", `${address}/32`, "dev", "lo");
  }
  await using resources = new AsyncDisposableStack();
  const behind = (address: string) => BEHIND.get(address)!;
  const hosts = resources.use(
    await listenOnHosts(
      azure,
      behind(IMDS_ADDRESS),
      new Map([...AZURE_HOSTS].map(([host, address]) => [host, behind(address)])),
    ),
  );
  const relay = (hostname: string, port: number) =>
    resources.use(new TcpRelay({ hostname: behind(hostname), port }, { hostname, port }));
  const relays = new Map([["imds", relay(IMDS_ADDRESS, 80)]]);
  for (const [host, address] of AZURE_HOSTS) relays.set(host, relay(address, 443));
  await nameHosts(AZURE_HOSTS);
  const all = resources.move();
  return { caPem: hosts.caPem, relays, [Symbol.asyncDispose]: () => all.disposeAsync() };
}

/** In this mount namespace alone, whose /etc holds nothing else. */
async function nameHosts(addresses: ReadonlyMap<string, string>): Promise<void> {
  const lines = [...addresses].map(([host, address]) => `${address}\t${host}`);
  const libraries = await Deno.readFile("/etc/ld.so.cache");
  await run("mount", "-t", "tmpfs", "tmpfs", "/etc");
  await Deno.writeFile("/etc/ld.so.cache", libraries);
  await Deno.writeTextFile("/etc/nsswitch.conf", "hosts: files dns\n");
  await Deno.writeTextFile("/etc/hosts", ["127.0.0.1\tlocalhost", ...lines, ""].join("\n"));
}
