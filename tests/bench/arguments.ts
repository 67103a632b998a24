import { parseArgs } from "node:util";

/** What to measure and how to show it. */
export interface Arguments {
  /** Names of cases; empty for all. */
  readonly cases: readonly string[];
  readonly quick: boolean;
  readonly markdown: boolean;
  readonly list: boolean;
  /** A bundle to measure, instead of one made now. */
  readonly bundle: string | undefined;
  /** Instead of those of the image. */
  readonly v8Flags: readonly string[] | undefined;
}

/** Reads the command line. Throws a TypeError for an unknown option. */
export function parseArguments(args: readonly string[]): Arguments {
  const { values } = parseArgs({
    args: [...args],
    options: {
      case: { type: "string", multiple: true, default: [] },
      quick: { type: "boolean", default: false },
      markdown: { type: "boolean", default: false },
      list: { type: "boolean", default: false },
      bundle: { type: "string" },
      "v8-flags": { type: "string" },
    },
  });
  const flags = values["v8-flags"];
  return {
    cases: values.case.flatMap((names) => names.split(",")),
    quick: values.quick,
    markdown: values.markdown,
    list: values.list,
    bundle: values.bundle,
    v8Flags: flags?.split(",").filter((flag) => flag !== ""),
  };
}
