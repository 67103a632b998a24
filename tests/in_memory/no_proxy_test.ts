import { testInNetwork } from "../suites/network.ts";

testInNetwork(
  "network: NO_PROXY decides host by host, in forms that Deno does not know",
  new URL("network/no_proxy.ts", import.meta.url),
);
