import { sleep } from "../../src/runtime/time/clock.ts";
import { deleteBindings, NAMESPACE } from "./installation.ts";
import {
  type BindingRow,
  nameOf,
  observeBindings,
  observeCredentials,
  observeReferences,
  type StoredCredential,
} from "./observe.ts";
import type { World } from "./world.ts";

/** How long each part of a run may take, in milliseconds. */
export interface Pace {
  readonly readyMs: number;
  readonly refreshMs: number;
  readonly goneMs: number;
}

/** A part of the run did not come to pass in time. */
export class StepFailure extends Error {
  override readonly name = "StepFailure";
  /** What is missing, one sentence an item. */
  readonly missing: readonly string[];

  constructor(title: string, missing: readonly string[]) {
    super(title);
    this.missing = missing;
  }
}

const POLL_MS = 50;

/**
 * Creates the samples, waits until all are Ready, until each has been refreshed in its Secret,
 * deletes them and waits until no trace is left. Tells `report` of every step. Rejects with
 * StepFailure for what does not come to pass.
 */
export async function runOnce(
  world: World,
  pace: Pace,
  report: (line: string) => void,
  signal: AbortSignal,
): Promise<void> {
  const steps = new Steps(world, report, signal);
  await world.applySamples(signal);
  steps.done(`samples applied: ${world.sampleBindings} bindings in namespace ${NAMESPACE}`);
  await steps.until("the first Secret is written", pace.readyMs, async () => {
    const credentials = await observeCredentials(world.rest, NAMESPACE, signal);
    return credentials.size > 0 ? [] : [`no Secret is in namespace ${NAMESPACE}`];
  });
  await steps.until(
    "every binding is Ready, its Secret attached to its ServiceAccount",
    pace.readyMs,
    () => unready(world, signal),
  );
  const before = await observeCredentials(world.rest, NAMESPACE, signal);
  await steps.until(
    "every token is refreshed, each in the same Secret",
    pace.refreshMs,
    () => unrefreshed(world, before, signal),
  );
  await deleteBindings(world.rest, signal);
  steps.done("bindings deleted");
  await steps.until(
    "bindings, Secrets and references are gone",
    pace.goneMs,
    () => remaining(world, before, signal),
  );
  steps.require("no call to Azure departs from the protocol", departures(world));
  steps.require(
    `no token stands in the ${world.log.count} entries of the operator's log`,
    world.log.leaks(world.azure.issuedTokens()).map((message) => `a token stands in: ${message}`),
  );
}

/** Reports steps with the time since the command began. */
class Steps {
  readonly #world: World;
  readonly #report: (line: string) => void;
  readonly #signal: AbortSignal;

  constructor(world: World, report: (line: string) => void, signal: AbortSignal) {
    this.#world = world;
    this.#report = report;
    this.#signal = signal;
  }

  done(title: string): void {
    const seconds = (this.#world.nature.monotonic() / 1000).toFixed(2);
    this.#report(`${seconds.padStart(6)} s  ${title}`);
  }

  require(title: string, faults: readonly string[]): void {
    if (faults.length > 0) throw new StepFailure(title, faults);
    this.done(title);
  }

  /** Asks what is missing until nothing is. */
  async until(title: string, limitMs: number, missing: () => Promise<string[]>): Promise<void> {
    const { clock, monotonic } = this.#world.nature;
    const end = monotonic() + limitMs;
    for (;;) {
      const faults = await missing();
      if (faults.length === 0) return this.done(title);
      if (monotonic() >= end) {
        throw new StepFailure(`${title}: not within ${limitMs / 1000} s`, faults);
      }
      await sleep(clock, POLL_MS, this.#signal);
    }
  }
}

async function unready(world: World, signal: AbortSignal): Promise<string[]> {
  const rows = await observeBindings(world.rest, { ...world.selection, signal });
  const credentials = await observeCredentials(world.rest, NAMESPACE, signal);
  const references = await observeReferences(world.rest, NAMESPACE, signal);
  const absent = world.sampleBindings - rows.length;
  return [
    ...(absent > 0 ? [`${absent} bindings are not there`] : []),
    ...rows.flatMap((row) => {
      if (row.state !== "Ready") return [stateText(row)];
      if (!credentials.has(row.secret)) return [`${nameOf(row)} has no Secret ${row.secret}`];
      const attached = references.get(row.serviceAccount)?.includes(row.secret);
      return attached
        ? []
        : [`ServiceAccount ${row.serviceAccount} does not refer to ${row.secret}`];
    }),
  ];
}

async function unrefreshed(
  world: World,
  before: ReadonlyMap<string, StoredCredential>,
  signal: AbortSignal,
): Promise<string[]> {
  const now = await observeCredentials(world.rest, NAMESPACE, signal);
  return [...before].flatMap(([name, old]) => {
    const current = now.get(name);
    if (current === undefined) return [`Secret ${name} has gone`];
    if (current.uid !== old.uid) return [`Secret ${name} is another than before`];
    return current.data === old.data ? [`Secret ${name} holds the same token as before`] : [];
  });
}

async function remaining(
  world: World,
  before: ReadonlyMap<string, StoredCredential>,
  signal: AbortSignal,
): Promise<string[]> {
  const rows = await observeBindings(world.rest, { ...world.selection, signal });
  const credentials = await observeCredentials(world.rest, NAMESPACE, signal);
  const references = await observeReferences(world.rest, NAMESPACE, signal);
  return [
    ...rows.map((row) => `binding ${nameOf(row)} is still there`),
    ...[...credentials.keys()].map((name) => `Secret ${name} is still there`),
    ...[...references].flatMap(([account, names]) =>
      names.filter((name) => before.has(name)).map((name) =>
        `ServiceAccount ${account} still refers to ${name}`
      )
    ),
  ];
}

function departures({ azure }: World): string[] {
  return [
    ...azure.unexpected().map((call) => `unexpected: ${call}`),
    ...azure.violations(),
  ];
}

function stateText(row: BindingRow): string {
  const why = row.error === "" ? "" : `: ${row.error}`;
  return `${nameOf(row)} is ${row.state}${why}`;
}
