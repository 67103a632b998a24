import { testInNetwork } from "../suites/network.ts";

testInNetwork(
  "network: where the API server's name leads nowhere, the log says which setting cures it",
  new URL("network/cluster_dns.ts", import.meta.url),
);
