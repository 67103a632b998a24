/**
 * `deno task version` prints the version, whose one source is deno.json. `--check` compares what
 * was generated from it. `major`, `minor`, `patch` or X.Y.Z write a new one.
 */
import {
  print,
  runTask,
  type Task,
  taskArguments,
  USAGE_EXIT_CODE,
  UsageError,
} from "../task/task.ts";

const TASK = {
  name: "version",
  summary: "Prints the version, or raises it in deno.json, which is its one source.",
  flags: {
    "check": {
      kind: "boolean",
      group: "What to do",
      help: "Write nothing, and fail if the chart or the manifests say another version.",
    },
  },
  argument: {
    placeholder: "major|minor|patch|X.Y.Z",
    help:
      "the part of the version to raise, or the version to write. Without it, the present one " +
      "is printed.",
    single: true,
  },
} as const satisfies Task;

const ROOT = new URL("../../", import.meta.url);

/** Where the version appears beside deno.json, and how. Each must be found. */
const COPIES: readonly { readonly file: string; readonly pattern: RegExp }[] = [
  { file: "deploy/helm/Chart.yaml", pattern: /^version: "?([^"\s]+)"?$/m },
  { file: "deploy/helm/Chart.yaml", pattern: /^appVersion: "?([^"\s]+)"?$/m },
  { file: "deploy/latest/deploy.yaml", pattern: /^ +image: "?\S+:v([^"\s]+)"?$/m },
];

const NUMBER = "(0|[1-9][0-9]*)";
const LABEL = "(0|[1-9][0-9]*|[0-9]*[A-Za-z-][0-9A-Za-z-]*)";
/** As SemVer has it, without build metadata, which no image's tag can have. */
const VERSION = new RegExp(`^${NUMBER}(\\.${NUMBER}){2}(-${LABEL}(\\.${LABEL})*)?$`);
const LEADING_ZERO = /(^|[.-])0[0-9]+([.-]|$)/;
const IN_DENO_JSON = /("version":\s*")([^"]*)(")/;

/** The version that a configuration's text states. Throws an Error where it states none. */
export function versionOf(text: string): string {
  const version = IN_DENO_JSON.exec(text)?.[2];
  if (version !== undefined && VERSION.test(version)) return version;
  throw new Error(`deno.json: version is ${JSON.stringify(version)}; write one such as 1.2.3`);
}

/** The version after `current`, by the name of the part to raise or as it is given. */
export function nextVersion(current: string, wish: string): string {
  if (VERSION.test(wish)) return wish;
  const [major = 0, minor = 0, patch = 0] = current.split("-")[0]!.split(".").map(Number);
  if (wish === "major") return `${major + 1}.0.0`;
  if (wish === "minor") return `${major}.${minor + 1}.0`;
  if (wish === "patch") return `${major}.${minor}.${patch + 1}`;
  if (LEADING_ZERO.test(wish)) {
    throw new Error(`"${wish}" is no version: SemVer has no leading zeros, so leave them out`);
  }
  throw new Error(`"${wish}" is no version: write X.Y.Z, major, minor, patch, or --check`);
}

/** The configuration's text with another version. */
export function withVersion(text: string, version: string): string {
  return text.replace(IN_DENO_JSON, (_, before, _old, after) => before + version + after);
}

/** One sentence for each copy that differs from `version`. */
export function disagreements(version: string, read: (file: string) => string): string[] {
  return COPIES.flatMap(({ file, pattern }) => {
    const copy = pattern.exec(read(file))?.[1];
    if (copy === version) return [];
    return [
      `${file} says ${copy ?? "nothing"} where deno.json says ${version}: run deno task deploy`,
    ];
  });
}

function main(args: readonly string[]): number {
  const { given, positionals: [wish] } = taskArguments(TASK, args);
  const file = new URL("deno.json", ROOT);
  const text = Deno.readTextFileSync(file);
  const current = versionOf(text);
  if (given.check?.value) {
    if (wish !== undefined) throw new UsageError(`--check and "${wish}" exclude one another.`);
    return check(current);
  }
  if (wish === undefined) return say(current);
  const next = nextVersion(current, wish);
  Deno.writeTextFileSync(file, withVersion(text, next));
  return say(`${next}\nRun deno task deploy, so that chart and manifests follow.`);
}

function check(current: string): number {
  const problems = disagreements(current, (name) => Deno.readTextFileSync(new URL(name, ROOT)));
  return problems.length === 0 ? say(current) : say(problems.join("\n"), 1);
}

function say(text: string, code = 0): number {
  print(Deno.stdout, `${text}\n`);
  return code;
}

if (import.meta.main) {
  try {
    Deno.exit(await runTask(TASK, Deno.args, () => main(Deno.args)));
  } catch (error) {
    print(Deno.stderr, `${(error as Error).message}\n`);
    Deno.exit(USAGE_EXIT_CODE);
  }
}
