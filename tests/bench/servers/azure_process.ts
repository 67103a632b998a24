/**
 * A fake Azure in a process of its own, so that its CPU time is not the operator's. Its argument is
 * the address of its IMDS and those of its hosts, as JSON. Prints one line of JSON with its
 * certificate authority, then one for every line of standard input with what it has seen; ends with
 * its standard input.
 */
import { systemClock } from "../../../src/runtime/clock.ts";
import { FakeAzure } from "../../sandbox/azure/azure.ts";
import { listenOnHosts } from "../../sandbox/azure/hosts.ts";
import { readLines } from "./lines.ts";

/** Milliseconds a call, as real ones were measured from a node in Azure. */
const LATENCY_MS = { imds: 30, entra: 120, acr: 120 };

async function main([imds, hosts]: [string, [string, string][]]): Promise<void> {
  const azure = new FakeAzure({ clock: systemClock, latencyMs: LATENCY_MS });
  await using served = await listenOnHosts(azure, imds, new Map(hosts));
  print({ caPem: served.caPem });
  for await (const _ of readLines(Deno.stdin.readable)) {
    print({
      calls: azure.counts(),
      throttles: azure.throttles(),
      problems: [...azure.unexpected(), ...azure.violations()],
    });
  }
}

function print(value: unknown): void {
  Deno.stdout.writeSync(new TextEncoder().encode(`${JSON.stringify(value)}\n`));
}

if (import.meta.main) await main(JSON.parse(Deno.args[0]!));
