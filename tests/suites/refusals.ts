import assert from "node:assert/strict";
import type { TestOnApiServer } from "../sandbox/api_server.ts";
import { OperatorProcess } from "./operator_process.ts";

interface Refusal {
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly sentence: string;
}

/** What the reference's flags and variables may not say, and what the process then says. */
const REFUSALS: readonly Refusal[] = [
  {
    args: ["--label-selector=tier in web"],
    sentence: '--label-selector="tier in web" is no label selector: ',
  },
  {
    args: ["--ttl-rotation-fraction=0"],
    sentence: "--ttl-rotation-fraction=0 is out of range: write a number above 0 and below 1.",
  },
  {
    args: ["-ttl-rotation-fraction", "half"],
    sentence: "--ttl-rotation-fraction=",
  },
  {
    args: ["--allowed-acr-server-suffixes=azurecr.io,https://azurecr.us"],
    sentence: '--allowed-acr-server-suffixes="https://azurecr.us" is no domain: ',
  },
  {
    args: ["--allowed-acr-server-suffixes=*", "--allowed-acr-server-suffixes=azurecr.io"],
    sentence: '--allowed-acr-server-suffixes="*,azurecr.io" names * beside others: ',
  },
  {
    args: ["--service-account-token-audience="],
    sentence: '--service-account-token-audience="" is no audience: ',
  },
  {
    args: ["--service-account-token-audience=https://kubernetes.default.svc"],
    sentence: '--service-account-token-audience="https://kubernetes.default.svc" is the API ' +
      "server's own audience: ",
  },
  {
    env: { ARM_RESOURCE: "management" },
    sentence: 'ARM_RESOURCE "management" is no audience; ',
  },
  {
    env: { ACR_SERVER: "https://bench.azurecr.io" },
    sentence: 'ACR_SERVER "https://bench.azurecr.io" carries a scheme; ',
  },
];

/** Bad values are refused at start, with one sentence each, and nothing is begun. */
export function refusalSuite(test: TestOnApiServer): void {
  for (const { args = [], env = {}, sentence } of REFUSALS) {
    const given = [...args, ...Object.entries(env).map(([name, value]) => `${name}=${value}`)];
    test(`refused at start with a sentence: ${given.join(" ")}`, async (api) => {
      await using process = await OperatorProcess.start(api, { args, env });
      assert.equal(await process.ended(), 2, process.log);
      const [said, hint, ...rest] = (await process.wholeLog()).trimEnd().split("\n");
      assert.ok(said!.startsWith(sentence), said);
      assert.match(said!, /\.$/);
      assert.equal(hint, "See --help for all flags.");
      assert.deepEqual(rest, []);
    });
  }
}
