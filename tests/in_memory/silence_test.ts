import { testInNetwork } from "../suites/network.ts";

testInNetwork(
  "network: bindings are ready within a minute of their connections' silence",
  new URL("network/silence.ts", import.meta.url),
);
