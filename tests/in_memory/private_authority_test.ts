import { testInNetwork } from "../suites/network.ts";

testInNetwork(
  "network: a private authority is trusted by the bundle that is mounted for it, and not before",
  new URL("network/private_authority.ts", import.meta.url),
);
