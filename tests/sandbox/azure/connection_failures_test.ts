import { testInNetwork } from "../../suites/network.ts";

testInNetwork(
  "connection failures: Deno throws what the table says, from real sockets",
  new URL("network/connection_failures.ts", import.meta.url),
);
