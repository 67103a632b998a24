import { versionText } from "../../src/cli/version.ts";
import { cut } from "../../src/runtime/text/cut.ts";

const LONGEST_CAUSE = 200;

/** Why `deno compile` failed where Deno's runtime stub was not to be had, and what to do. */
export interface MissingStub {
  /** Of Deno's names, such as x86_64-unknown-linux-gnu. */
  readonly target: string;
  readonly version: string;
  /** What `deno compile` wrote to stderr. */
  readonly stderr: string;
}

/** One sentence about a runtime stub that could not be downloaded, naming the way without. */
export function missingStubText({ target, version, stderr }: MissingStub): string {
  const url = `https://dl.deno.land/release/v${version}/denort-${target}.zip`;
  const cause = causeOf(stderr);
  return `Deno's runtime stub could not be had from ${url}${cause && ` (${cause})`}: fetch that ` +
    "archive where there is a network, unpack denort from it, and set DENORT_BIN to its path.";
}

/** The innermost of the causes that Deno lists, or "" where it lists none. */
function causeOf(stderr: string): string {
  const lines = stderr.split("\n").map((line) => line.trim());
  const begin = lines.indexOf("Caused by:");
  if (begin < 0) return "";
  const end = lines.indexOf("", begin);
  const causes = lines.slice(begin + 1, end < 0 ? undefined : end);
  return cut((causes.at(-1) ?? "").replace(/^\d{1,3}: /, ""), LONGEST_CAUSE);
}

/** What is wrong with the variable DENORT_BIN, or undefined. An empty one counts as absent. */
export function faultOfDenortBin(path: string | undefined): string | undefined {
  if (!path) return undefined;
  try {
    if (Deno.statSync(path).isFile) return undefined;
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory)) {
      throw error;
    }
  }
  return `DENORT_BIN=${path} is no file: set it to Deno's runtime stub, denort, or leave it out ` +
    "to have Deno download it.";
}

/**
 * Whether an executable is the program, by asking for its version. Made with the deno binary in
 * the stub's place it is Deno itself, which reads no program at its own end.
 */
export async function isProgram(executable: string): Promise<boolean> {
  try {
    const { stdout } = await new Deno.Command(await Deno.realPath(executable), {
      args: ["version"],
      stdin: "null",
      stderr: "null",
    }).output();
    const said = new TextDecoder().decode(stdout);
    return said.startsWith(versionText("").split(",")[0]!);
  } catch {
    // It cannot even be started.
    return false;
  }
}
