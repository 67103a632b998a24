/**
 * `deno task version` prints the version, whose one source is deno.json; `--check` holds what was
 * generated from it against it; `major`, `minor`, `patch` or X.Y.Z write a new one.
 */
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
  const file = new URL("deno.json", ROOT);
  const text = Deno.readTextFileSync(file);
  const current = versionOf(text);
  const [wish] = args;
  if (wish === undefined) return print(current);
  if (wish === "--check") {
    const problems = disagreements(current, (name) => Deno.readTextFileSync(new URL(name, ROOT)));
    return problems.length === 0 ? print(current) : print(problems.join("\n"), 1);
  }
  const next = nextVersion(current, wish);
  Deno.writeTextFileSync(file, withVersion(text, next));
  return print(`${next}\nRun deno task deploy, so that chart and manifests follow.`);
}

function print(text: string, code = 0): number {
  Deno.stdout.writeSync(new TextEncoder().encode(`${text}\n`));
  return code;
}

if (import.meta.main) {
  try {
    Deno.exit(main(Deno.args));
  } catch (error) {
    Deno.exit(print((error as Error).message, 2));
  }
}
