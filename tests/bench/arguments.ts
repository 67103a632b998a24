import { type Task, taskArguments, UsageError } from "../../deploy/task/task.ts";

const MEASURE = "What to measure";
const SHOW = "How to show it";

/** `deno task bench`. */
export const BENCH = {
  name: "bench",
  summary:
    "Measures the operator against a real kube-apiserver and a fake Azure. Needs root, and " +
    "Go for the first run.",
  flags: {
    "case": {
      kind: "list",
      group: MEASURE,
      placeholder: "NAME,...",
      default: "all",
      help: "Cases, as --list names them. May be given several times.",
    },
    "quick": { kind: "boolean", group: MEASURE, help: "Smaller cases, to see that they work." },
    "bundle": {
      kind: "string",
      group: MEASURE,
      placeholder: "FILE",
      help: "A bundle to measure, instead of one made now.",
    },
    "v8-flags": {
      kind: "string",
      group: MEASURE,
      placeholder: "FLAG,...",
      default: "those of the image",
      help: "Flags for V8 to run under.",
    },
    "profile": {
      kind: "boolean",
      group: SHOW,
      help: "Profile the cases' roll-outs instead of measuring them.",
    },
    "readme": {
      kind: "boolean",
      group: SHOW,
      help: "Measure all, and put the tables into tests/bench/README.md and README.md.",
    },
    "list": { kind: "boolean", group: SHOW, help: "Print the cases, and exit." },
  },
} as const satisfies Task;

/** What to measure and how to show it. */
export interface Arguments {
  /** Names of cases; empty for all. */
  readonly cases: readonly string[];
  readonly quick: boolean;
  /** Puts what is printed into tests/bench/README.md, and the chief figures into README.md. */
  readonly readme: boolean;
  /** Profiles the cases' roll-outs instead of measuring them. */
  readonly profile: boolean;
  readonly list: boolean;
  /** A bundle to measure, instead of one made now. */
  readonly bundle: string | undefined;
  /** Instead of those of the image. */
  readonly v8Flags: readonly string[] | undefined;
}

/**
 * Reads the command line. `known` are the names of cases. Throws a UsageError for what is not
 * understood, and for options that do not go together.
 */
export function parseArguments(args: readonly string[], known: readonly string[]): Arguments {
  const { given } = taskArguments(BENCH, args);
  if (given.readme?.value && args.length > 1) {
    throw new UsageError(
      "--readme stands alone: README shows all that is measured of what is shipped.",
    );
  }
  if (given.profile?.value && given.bundle !== undefined) {
    throw new UsageError("--profile makes its own bundle, with names in it: leave --bundle out.");
  }
  const cases = given.case?.value ?? [];
  if (given.case !== undefined && cases.length === 0) {
    throw new UsageError("--case= names no case: --list names them all.");
  }
  const unknown = cases.filter((name) => !known.includes(name));
  if (unknown.length > 0) {
    throw new UsageError(`--case=${unknown.join(",")} is no case: --list names them all.`);
  }
  return {
    cases,
    quick: given.quick?.value ?? false,
    readme: given.readme?.value ?? false,
    profile: given.profile?.value ?? false,
    list: given.list?.value ?? false,
    bundle: given.bundle?.value,
    v8Flags: given["v8-flags"]?.value.split(",").filter((flag) => flag !== ""),
  };
}
