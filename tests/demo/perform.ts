import { sleep } from "../../src/runtime/time/clock.ts";
import type { Output } from "./live.ts";
import { runLive } from "./live.ts";
import { type Pace, runOnce, StepFailure } from "./once.ts";
import type { World } from "./world.ts";

/** How to go about it. */
export interface Direction {
  /** With a pace, create, refresh, delete and end; without, a live view. */
  readonly once?: Pace;
  readonly output: Output;
  /** Takes one line before and after the view, and all lines of a run with `once`. */
  readonly print: (line: string) => void;
  /** How long the user may read what is about to happen to their cluster. */
  readonly graceMs: number;
}

const LOG_LINES = 20;

/**
 * Runs the demo in `world` and takes back what it made. Answers the exit code: 0, or 1 for what did
 * not come to pass, after saying what and the operator's last words.
 */
export async function perform(
  world: World,
  direction: Direction,
  signal: AbortSignal,
): Promise<0 | 1> {
  const { print, once } = direction;
  let failed = false;
  try {
    await play(world, direction, signal);
  } catch (error) {
    // Ctrl-C is the way to end a live view, and an end before its time of anything else.
    failed = once !== undefined || !signal.aborted;
    if (failed) failureLines(world, signal.aborted ? interrupted() : error).forEach(print);
  }
  try {
    const left = await world.cleanUp();
    left.forEach(print);
    if (!failed && once === undefined && left.length === 0) print("Ended; nothing is left of it.");
  } catch (error) {
    failed = true;
    print(`Cleaning up did not succeed: ${messageOf(error)}`);
  }
  return failed ? 1 : 0;
}

async function play(world: World, direction: Direction, signal: AbortSignal): Promise<void> {
  const { print, graceMs, once, output } = direction;
  const { clock } = world.nature;
  print(`Server: ${world.endpoint.title}`);
  const announcement = await world.announce(signal);
  if (announcement.length > 0) {
    print("There the demo will:");
    announcement.forEach((line) => print(`  - ${line}`));
    if (graceMs > 0) print(`It begins in ${graceMs / 1000} s; Ctrl-C leaves all as it is.`);
    await sleep(clock, graceMs, signal);
  }
  await world.begin(signal);
  const { kubectl } = world.endpoint;
  print("To watch with kubectl, in another terminal:");
  [kubectl.setup, ...kubectl.watch].forEach((line) => print(`  ${line}`));
  if (once === undefined) {
    print("To break a binding, each in another way:");
    kubectl.breaking.forEach((line) => print(`  ${line}`));
    print("To heal them:");
    print(`  ${kubectl.healing}`);
  }
  world.notes.forEach(print);
  await whileOperatorRuns(
    world,
    signal,
    (both) => once ? runOnce(world, once, print, both) : runLive(world, output, both),
  );
}

/** Ends `act` and rejects when the operator ends by itself. */
async function whileOperatorRuns(
  world: World,
  signal: AbortSignal,
  act: (signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const stop = new AbortController();
  const work = act(AbortSignal.any([signal, stop.signal]));
  try {
    await Promise.race([work, world.operatorEnded]);
  } finally {
    stop.abort();
    await work.catch(() => {}); // The race has told its failure.
  }
}

function failureLines(world: World, error: unknown): string[] {
  const log = world.log.lines(LOG_LINES);
  return [
    `FAILED  ${messageOf(error)}`,
    ...(error instanceof StepFailure ? error.missing.map((line) => `  - ${line}`) : []),
    ...(log.length > 0
      ? ["The operator's last log lines:", ...log.map((line) => `  ${line}`)]
      : []),
  ];
}

function interrupted(): Error {
  return new Error("ended by a signal");
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
