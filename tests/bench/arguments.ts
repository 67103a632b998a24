import { parseArgs } from "node:util";

/** What to measure and how to show it. */
export interface Arguments {
  /** Names of cases; empty for all. */
  readonly cases: readonly string[];
  readonly quick: boolean;
  /** Puts what is printed into README. */
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
 * Reads the command line. Throws a TypeError for an unknown option, an Error for options that do
 * not go together.
 */
export function parseArguments(args: readonly string[]): Arguments {
  const { values } = parseArgs({
    args: [...args],
    options: {
      case: { type: "string", multiple: true, default: [] },
      quick: { type: "boolean", default: false },
      readme: { type: "boolean", default: false },
      profile: { type: "boolean", default: false },
      list: { type: "boolean", default: false },
      bundle: { type: "string" },
      "v8-flags": { type: "string" },
    },
  });
  if (values.readme && args.length > 1) {
    throw new Error("--readme stands alone: README shows all that is measured of what is shipped");
  }
  if (values.profile && values.bundle !== undefined) {
    throw new Error("--profile makes its own bundle, with names in it: leave --bundle out");
  }
  const flags = values["v8-flags"];
  return {
    cases: values.case.flatMap((names) => names.split(",")),
    quick: values.quick,
    readme: values.readme,
    profile: values.profile,
    list: values.list,
    bundle: values.bundle,
    v8Flags: flags?.split(",").filter((flag) => flag !== ""),
  };
}
