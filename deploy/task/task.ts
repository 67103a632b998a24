import { type FlagTable, type ParsedFlags, parseFlags } from "../../src/cli/flags/flags.ts";
import { flagLines } from "../../src/cli/flags/help.ts";
import { quote } from "../../src/runtime/text/quote.ts";

/** A task of deno.json, as its command line is declared: the parser and `--help` both read this. */
export interface Task<T extends FlagTable = FlagTable> {
  /** As after `deno task`. */
  readonly name: string;
  /** What it does, in one or more sentences. */
  readonly summary: string;
  readonly flags: T;
  /** What it takes that is no flag; absent: nothing. */
  readonly argument?: {
    readonly placeholder: string;
    readonly help: string;
    /** One at most; absent: as many as are given. */
    readonly single?: true;
  };
}

/** The arguments of a task, all understood. */
export interface TaskArguments<T extends FlagTable> {
  readonly given: ParsedFlags<T>["given"];
  /** Arguments that are no flags, in order. */
  readonly positionals: readonly string[];
}

/** Arguments that cannot be used: one sentence for each mistake, a line each. */
export class UsageError extends Error {
  override readonly name = "UsageError";

  constructor(...sentences: readonly string[]) {
    super(sentences.join("\n"));
  }
}

/** Exit code for arguments that cannot be used, as of Go's flag package. */
export const USAGE_EXIT_CODE = 2;

/** Every task has these beside its own. */
const COMMON = {
  "help": {
    kind: "boolean",
    group: "Help",
    aliases: ["h"],
    help: "Print this and exit.",
  },
} as const satisfies FlagTable;

/** Whether `--help` is among the arguments. */
export function asksForHelp(task: Task, args: readonly string[]): boolean {
  return parseFlags({ ...task.flags, ...COMMON }, args).given.help?.value === true;
}

/** Reads a task's arguments. Throws a UsageError that names all that are not understood. */
export function taskArguments<T extends FlagTable>(
  task: Task<T>,
  args: readonly string[],
): TaskArguments<T> {
  const { given, positionals, errors } = parseTask(task, args);
  if (errors.length > 0) throw new UsageError(...errors);
  return { given, positionals };
}

/** As taskArguments(), with the mistakes as a list, for a task that adds its own to them. */
export function parseTask<T extends FlagTable>(
  task: Task<T>,
  args: readonly string[],
): ParsedFlags<T> {
  const { given, positionals, errors } = parseFlags({ ...task.flags, ...COMMON }, args);
  const faults = [...errors, ...strayArguments(task, positionals)];
  return { given: given as ParsedFlags<T>["given"], positionals, errors: faults };
}

function strayArguments({ argument }: Task, positionals: readonly string[]): string[] {
  if (argument === undefined) {
    return positionals.map((text) => `${quote(text)} is no flag: --help lists them all.`);
  }
  const others = argument.single ? positionals.slice(1) : [];
  return others.map((text) => `${quote(text)} is one argument too many: give one.`);
}

/** The text of a task's `--help`. */
export function taskHelp({ name, summary, flags, argument }: Task): string {
  const usage = argument === undefined ? "" : ` [${argument.placeholder}]`;
  return [
    summary,
    "",
    "Usage:",
    `  deno task ${name} [flags]${usage}`,
    ...(argument === undefined ? [] : ["", `${argument.placeholder} is ${argument.help}`]),
    ...flagLines({ ...flags, ...COMMON }),
    "",
  ].join("\n");
}

/**
 * Runs a task as its command line says: `--help` prints its help, and a UsageError of `act` is told
 * without a stack. Answers the exit code. What else `act` throws is passed on.
 */
export async function runTask(
  task: Task,
  args: readonly string[],
  act: () => number | Promise<number>,
): Promise<number> {
  if (asksForHelp(task, args)) {
    print(Deno.stdout, taskHelp(task));
    return 0;
  }
  try {
    return await act();
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    print(Deno.stderr, `${error.message}\n`);
    return USAGE_EXIT_CODE;
  }
}

/** Writes all of a text, however little a pipe takes at a time. */
export function print(to: { writeSync(bytes: Uint8Array): number }, text: string): void {
  let rest = new TextEncoder().encode(text);
  while (rest.length > 0) rest = rest.subarray(to.writeSync(rest));
}
