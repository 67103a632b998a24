import { fileURLToPath } from "node:url";
import { USAGE_EXIT_CODE } from "../../deploy/task/task.ts";
import { systemClock } from "../../src/runtime/time/clock.ts";
import { createLineWriter } from "../../src/telemetry/log/line_writer.ts";
import type { Endpoint } from "./endpoint.ts";
import { openInMemory } from "./in_memory.ts";
import type { Output } from "./live.ts";
import type { Pace } from "./once.ts";
import { type DemoOptions, HELP, parseDemoOptions } from "./options.ts";
import { perform } from "./perform.ts";
import { readManifests, readSamples } from "./samples.ts";
import { Screen, type Terminal, usableSize } from "./screen.ts";
import { openUserCluster } from "./user_cluster.ts";
import { type Nature, World } from "./world.ts";

const SAMPLES = pathOf("../../deploy/samples");
const CRDS = pathOf("../../deploy/crds");
const BUILD = pathOf("../../build");

/** About a minute, so that a refresh, at half of it, can be waited for. */
const LIVE_TOKEN_MS = 60_000;
/** As short as tokens can be whose times are written in whole seconds, refreshed at half. */
const ONCE_TOKEN_MS = 7_000;
const PACE: Pace = { readyMs: 8_000, refreshMs: 10_000, goneMs: 6_000 };
/** A cluster at the other end of a network takes longer. */
const CLUSTER_PACE: Pace = { readyMs: 30_000, refreshMs: 30_000, goneMs: 30_000 };
const GRACE_MS = 3_000;

const nature: Nature = {
  clock: systemClock,
  // Counts from the start of the process.
  monotonic: () => performance.now(),
  random: Math.random,
};

/** Runs the demo with `args`. Answers its exit code. */
export async function main(args: readonly string[]): Promise<number> {
  const parsed = parseDemoOptions(args);
  switch (parsed.kind) {
    case "help":
      writeAll(Deno.stdout, HELP);
      return 0;
    case "errors":
      writeAll(Deno.stderr, parsed.errors.map((line) => `${line}\n`).join(""));
      return USAGE_EXIT_CODE;
    case "options":
      return await demonstrate(parsed.options);
  }
}

async function demonstrate(options: DemoOptions): Promise<number> {
  const ended = endBySignal();
  const print = createLineWriter(Deno.stdout, () => ended.abort());
  try {
    const [crds, samples] = await Promise.all([readManifests(CRDS), readSamples(SAMPLES)]);
    await using endpoint = await open(options);
    const tokenLifetimeMs = options.once ? ONCE_TOKEN_MS : LIVE_TOKEN_MS;
    const content = { crds, samples, tokenLifetimeMs, knowsAll: options.knowsAll };
    await using world = new World(endpoint, content, nature);
    return await performOn(world, options, print, ended.signal);
  } catch (error) {
    print(error instanceof Error ? error.message : String(error));
    return 1;
  }
}

async function performOn(
  world: World,
  { once }: DemoOptions,
  print: (line: string) => void,
  signal: AbortSignal,
): Promise<number> {
  const terminal: Terminal = {
    write: (text) => writeAll(Deno.stdout, text),
    size: () => usableSize(() => Deno.consoleSize()),
  };
  using screen = new Screen(terminal);
  restoreOnCrash(screen);
  const watched = !once && Deno.stdout.isTerminal();
  const output: Output = watched
    ? { kind: "screen", screen, terminal, colour: !Deno.noColor }
    : { kind: "lines", print };
  return await perform(world, {
    output,
    print: (line) => {
      screen[Symbol.dispose]();
      print(line);
    },
    graceMs: watched ? GRACE_MS : 0,
    ...(once ? { once: world.endpoint.shared ? CLUSTER_PACE : PACE } : {}),
  }, signal);
}

async function open({ cluster }: DemoOptions): Promise<Endpoint> {
  // Tasks run in the directory of deno.json; this is where the user was.
  const directory = Deno.env.get("INIT_CWD") ?? Deno.cwd();
  if (cluster === undefined) return await openInMemory(BUILD, nature.clock, directory);
  return await openUserCluster(cluster, directory, nature.clock);
}

/**
 * Aborts at a signal to end. The listeners stay: on Ctrl-C the terminal and `deno task` each send
 * one, and the second must not cut the cleaning up short.
 */
function endBySignal(): AbortController {
  const ended = new AbortController();
  for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    Deno.addSignalListener(name, () => ended.abort());
  }
  return ended;
}

/** An error that nobody catches ends the process without its finally blocks. */
function restoreOnCrash(screen: Screen): void {
  for (const name of ["error", "unhandledrejection"]) {
    addEventListener(name, () => screen[Symbol.dispose]());
  }
}

function writeAll(sink: { writeSync(bytes: Uint8Array): number }, text: string): void {
  let rest = new TextEncoder().encode(text);
  while (rest.length > 0) rest = rest.subarray(sink.writeSync(rest));
}

function pathOf(relative: string): string {
  return fileURLToPath(new URL(relative, import.meta.url));
}

if (import.meta.main) Deno.exit(await main(Deno.args));
