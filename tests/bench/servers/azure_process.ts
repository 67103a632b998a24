/**
 * A fake Azure in a process of its own, so that its CPU time is not the operator's. Its argument are
 * its `Served`, as JSON. Prints one line of JSON with its certificate authority, then one for every
 * line of standard input with what it has seen; ends with its standard input.
 */
import { systemClock } from "../../../src/runtime/time/clock.ts";
import { FakeAzure } from "../../sandbox/azure/azure.ts";
import { listenOnHosts } from "../../sandbox/azure/hosts.ts";
import type { TokenLifetimes } from "../../sandbox/azure/options.ts";
import { INVENTED } from "../cluster/workload.ts";
import { readLines } from "./lines.ts";

/** Milliseconds a call, as real ones were measured from a node in Azure. */
const LATENCY_MS = { imds: 30, entra: 120, acr: 120 };

/** Where it answers, and what. */
export interface Served {
  /** Address of IMDS. */
  readonly imds: string;
  /** An address that takes connections and never answers. */
  readonly hanging: string;
  /** Names with the address of each. */
  readonly hosts: readonly (readonly [name: string, address: string])[];
  readonly tokenLifetimeMs: Partial<TokenLifetimes>;
}

async function main({ imds, hanging, hosts, tokenLifetimeMs }: Served): Promise<void> {
  const azure = new FakeAzure({
    clock: systemClock,
    latencyMs: LATENCY_MS,
    tokenLifetimeMs,
    identities: (id) => !id.startsWith(INVENTED),
  });
  await using _hangs = takeConnections(hanging);
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

/** Takes connections at that address and keeps them, without a word. */
function takeConnections(hostname: string): AsyncDisposable {
  const listener = Deno.listen({ hostname, port: 443 });
  const taken: Deno.Conn[] = [];
  const taking = (async () => {
    for await (const connection of listener) taken.push(connection);
  })();
  return {
    [Symbol.asyncDispose]: async () => {
      listener.close();
      await taking;
      for (const connection of taken) connection.close();
    },
  };
}

function print(value: unknown): void {
  Deno.stdout.writeSync(new TextEncoder().encode(`${JSON.stringify(value)}\n`));
}

if (import.meta.main) await main(JSON.parse(Deno.args[0]!));
