/**
 * `deno task bench`: measures the operator against a real kube-apiserver and a fake Azure. Prints a
 * line of JSON for each case as it ends, then a table.
 */
import { V8_FLAGS } from "../../deploy/executable/v8_flags.ts";
import { ControlPlane } from "../e2e/servers/control_plane.ts";
import { eventually } from "../suites/eventually.ts";
import { bundleInto } from "../suites/executable.ts";
import { installCrds, installRbac } from "../e2e/servers/manifests.ts";
import { type Arguments, parseArguments } from "./arguments.ts";
import { CASES } from "./cases/all.ts";
import type { Case } from "./cases/case.ts";
import { GROUPS } from "./cluster/workload.ts";
import { describeMachine } from "./machine/description.ts";
import type { Result } from "./report/result.ts";
import { growthRows, markdownTable, plainTable, tableRows } from "./report/table.ts";
import type { Bench } from "./scenario.ts";

/** Measures what `args` name. Answers the exit code: 1 where something could not be measured. */
export async function main(args: readonly string[]): Promise<number> {
  const options = parseArguments(args);
  if (options.list) {
    for (const { name, title } of CASES) print(`${name.padEnd(20)}${title}`);
    return 0;
  }
  const cases = chosen(options.cases);
  requireRoot();
  const v8Flags = options.v8Flags ?? V8_FLAGS;
  await using plane = await ControlPlane.start();
  await installCrds(plane);
  await installRbac(plane);
  await untilServed(plane);
  const { directory } = plane;
  const bundle = options.bundle ?? await bundleInto(directory);
  const bench: Bench = { plane, directory, bundle, v8Flags, quick: options.quick, say };
  const { results, failures } = await runAll(cases, bench);
  print(report(results, options, args));
  return failures === 0 ? 0 : 1;
}

/** Fake hosts by their own names take a mount namespace, their ports and control groups a right. */
function requireRoot(): void {
  if (Deno.uid() === 0) return;
  throw new Error(
    "the bench gives the operator an /etc/hosts of its own and control groups: run it as root",
  );
}

function chosen(names: readonly string[]): readonly Case[] {
  const unknown = names.filter((name) => CASES.every((each) => each.name !== name));
  if (unknown.length > 0) throw new Error(`no such case: ${unknown.join(", ")}; see --list`);
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

/** A case that cannot be measured does not keep the others from being measured. */
async function runAll(
  cases: readonly Case[],
  bench: Bench,
): Promise<{ results: Result[]; failures: number }> {
  const results: Result[] = [];
  let failures = 0;
  for (const each of cases) {
    bench.say(each.title);
    try {
      for await (const result of each.run(bench, results)) {
        results.push(result);
        print(JSON.stringify(result));
      }
    } catch (error) {
      failures++;
      const problem = messageOf(error);
      bench.say(`${each.name} could not be measured: ${problem}`);
      const result = {
        case: each.name,
        title: each.title,
        aims: [],
        problems: [firstLine(problem)],
      };
      results.push(result);
      print(JSON.stringify(result));
    }
  }
  return { results, failures };
}

/** What went wrong first, and what went wrong while that was cleared away. */
function messageOf(error: unknown): string {
  if (error instanceof SuppressedError) {
    return `${messageOf(error.suppressed)}; then ${messageOf(error.error)}`;
  }
  return error instanceof Error ? error.message : String(error);
}

function firstLine(text: string): string {
  return text.split("\n")[0]!;
}

function report(results: readonly Result[], options: Arguments, args: readonly string[]): string {
  const table = options.markdown ? markdownTable : plainTable;
  const main = tableRows(results.filter(({ case: name }) => !name.startsWith("growth-")));
  const growth = growthRows(results);
  const date = new Date().toISOString().slice(0, 10);
  const command = ["deno task bench", ...args].join(" ");
  return [
    `${describeMachine()}; ${date}; ${options.markdown ? `\`${command}\`` : command}`,
    ...(main.length > 1 ? [table(main)] : []),
    ...(growth.length > 1 ? [table(growth)] : []),
  ].join("\n\n");
}

function say(line: string): void {
  Deno.stderr.writeSync(new TextEncoder().encode(`${line}\n`));
}

function print(line: string): void {
  Deno.stdout.writeSync(new TextEncoder().encode(`${line}\n`));
}

if (import.meta.main) Deno.exit(await main(Deno.args));
