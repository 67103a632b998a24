import { testInNetwork } from "./network/run.ts";

testInNetwork(
  "network: bindings are ready within a minute of their connections' silence",
  "silence.ts",
);
