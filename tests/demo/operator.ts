import { DIRECT_LIMITS } from "../../src/azure/host_limits.ts";
import { runOperator } from "../../src/cli/operator/operator.ts";
import { type Options, parseOptions } from "../../src/cli/flags/options.ts";
import type { FetchRestClient } from "../../src/kubernetes/http/transport.ts";
import type { Clock } from "../../src/runtime/time/clock.ts";
import type { Random } from "../../src/runtime/random.ts";
import { createInstruments } from "../../src/telemetry/metrics/instruments.ts";
import { type LogEntry, loggerOver } from "../../src/telemetry/log/logger.ts";
import { Registry } from "../../src/telemetry/metrics/registry.ts";

/** What the operator finds around it. */
export interface OperatorSettings {
  /** Closed when the operator has ended. */
  readonly rest: FetchRestClient;
  readonly azureFetch: typeof fetch;
  readonly clock: Clock;
  readonly monotonic: () => number;
  readonly random: Random;
  readonly log: (entry: LogEntry) => void;
  /** The only bindings to serve; empty: all. */
  readonly labelSelector: string;
}

/** An operator at work in this process. */
export interface RunningOperator extends AsyncDisposable {
  /** Rejects when the operator ends by itself, whatever the way; resolves when it was told to. */
  readonly ended: Promise<void>;
}

/** Starts the operator as `deno task start` does, without ports and with another's Azure. */
export function startOperator(settings: OperatorSettings): RunningOperator {
  const { rest, clock } = settings;
  const registry = new Registry();
  const stop = new AbortController();
  const dependencies = {
    ...settings,
    renewConnections: () => rest.renew(),
    azureLimits: DIRECT_LIMITS,
    podNamespace: undefined,
    identity: "demo",
    log: loggerOver(settings.log, clock),
    registry,
    instruments: createInstruments(registry),
  };
  const run = async () => {
    try {
      await runOperator(optionsFor(settings.labelSelector), dependencies, stop.signal);
    } finally {
      rest.close();
    }
    if (!stop.signal.aborted) throw new Error("the operator has ended by itself");
  };
  const ended = run();
  // Whoever waits for `ended` is told; until somebody does, it is not to end the process.
  ended.catch(() => {});
  return {
    ended,
    [Symbol.asyncDispose]: async () => {
      stop.abort();
      await ended.catch(() => {}); // Told to those who wait for `ended`.
    },
  };
}

/** The flags' own defaults but for the ports; nothing of the user's environment. */
function optionsFor(labelSelector: string): Options {
  const args = [
    "--metrics-bind-address=0",
    "--health-probe-bind-address=0",
    `--label-selector=${labelSelector}`,
  ];
  const parsed = parseOptions(args, () => undefined);
  if (parsed.kind === "options") return parsed.options;
  throw new Error(`the operator refuses its options: ${JSON.stringify(parsed)}`);
}
