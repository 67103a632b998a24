/**
 * `deno task bench`: measures the operator against a real kube-apiserver and a fake Azure. Prints a
 * line of JSON for each result as it comes, then tables.
 */
import { fileURLToPath } from "node:url";
import { V8_FLAGS } from "../../deploy/executable/v8_flags.ts";
import { runTask, UsageError } from "../../deploy/task/task.ts";
import { ControlPlane } from "../e2e/servers/control_plane.ts";
import { eventually } from "../suites/eventually.ts";
import { bundleInto } from "../suites/executable.ts";
import { installCrds, installRbac } from "../e2e/servers/manifests.ts";
import { type Arguments, BENCH, parseArguments } from "./arguments.ts";
import { CASES } from "./cases/all.ts";
import type { Case } from "./cases/case.ts";
import { GROUPS } from "./cluster/workload.ts";
import { describeMachine } from "./machine/description.ts";
import { profileAll } from "./profile/profile.ts";
import { figuresTable } from "./report/figures.ts";
import { FIGURES, REPORT, withPrinted } from "./report/readme.ts";
import { report } from "./report/report.ts";
import type { Result } from "./report/result.ts";
import { measured } from "./run.ts";
import type { Bench } from "./scenario.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
/** What is profiled where no case is named. */
const PROFILED = "v1beta1";

/** Measures what `args` name. Answers the exit code: 1 where something went wrong. */
export async function main(args: readonly string[]): Promise<number> {
  const options = parseArguments(args, CASES.map(({ name }) => name));
  if (options.list) {
    for (const { name, title } of CASES) print(`${name.padEnd(20)}${title}`);
    return 0;
  }
  const cases = chosen(options);
  requireRoot();
  await using plane = await ControlPlane.start();
  await installCrds(plane);
  await installRbac(plane);
  await untilServed(plane);
  const bench = await benchOf(plane, options);
  if (options.profile) {
    for await (const text of profileAll(cases, bench)) print(text);
    return 0;
  }
  const results = await runAll(cases, bench);
  const printed = report(results, originOf(args));
  print(`\n${printed}`);
  if (options.readme && results.every(({ runs }) => runs > 0)) {
    for (const [place, text] of [[REPORT, printed], [FIGURES, figuresTable(printed)]] as const) {
      const path = ROOT + place.path;
      await Deno.writeTextFile(path, withPrinted(place, await Deno.readTextFile(path), text));
    }
  }
  return results.some(({ problems }) => problems.length > 0) ? 1 : 0;
}

/** Fake hosts by their own names take a mount namespace, their ports and control groups a right. */
function requireRoot(): void {
  if (Deno.uid() === 0) return;
  throw new UsageError(
    "The bench gives the operator an /etc/hosts of its own and control groups: run it as root.",
  );
}

function chosen({ cases: named, profile }: Arguments): readonly Case[] {
  const names = profile && named.length === 0 ? [PROFILED] : named;
  return names.length === 0 ? CASES : CASES.filter(({ name }) => names.includes(name));
}

/** The API server has established the CRDs, but refuses their first lists for a moment. */
async function untilServed(plane: ControlPlane): Promise<void> {
  for (const group of GROUPS) {
    await eventually(`${group} is served`, async () => {
      const response = await plane.adminFetch(`/apis/${group}/acrpullbindings`);
      await response.body?.cancel();
      return response.ok || undefined;
    });
  }
}

async function benchOf(
  plane: ControlPlane,
  { bundle, profile, v8Flags, quick }: Arguments,
): Promise<Bench> {
  const { directory } = plane;
  return {
    plane,
    directory,
    bundle: bundle ?? await bundleInto(directory, { minify: !profile }),
    v8Flags: v8Flags ?? V8_FLAGS,
    quick,
    say,
  };
}

/** A case that cannot be measured does not keep the others from being measured. */
async function runAll(cases: readonly Case[], bench: Bench): Promise<Result[]> {
  const results: Result[] = [];
  for (const each of cases) {
    bench.say(each.title);
    for await (const result of measured(each, bench, results)) {
      results.push(result);
      print(JSON.stringify(result));
    }
  }
  return results;
}

function originOf(args: readonly string[]) {
  return {
    machine: describeMachine(),
    date: new Date().toISOString().slice(0, 10),
    command: ["deno task bench", ...args].join(" "),
  };
}

function say(line: string): void {
  Deno.stderr.writeSync(new TextEncoder().encode(`${line}\n`));
}

function print(line: string): void {
  Deno.stdout.writeSync(new TextEncoder().encode(`${line}\n`));
}

if (import.meta.main) Deno.exit(await runTask(BENCH, Deno.args, () => main(Deno.args)));
