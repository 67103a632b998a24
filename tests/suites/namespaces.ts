/** Processes cannot be put into namespaces of their own on this machine. */
export class NamespacesError extends Error {
  override readonly name = "NamespacesError";
}

/** What a test does within its namespaces. */
export interface Needs {
  /** More than the root of a user namespace may. */
  readonly root?: boolean;
  /** Commands beside `unshare`. */
  readonly commands?: readonly string[];
}

/** Where this process runs, passed in so that tests choose it. */
interface Surroundings {
  readonly ci: string | undefined;
  /** Tells the user what is skipped. */
  readonly print: (line: string) => void;
}

let announced = false;

/**
 * Whether commands can be run with mounts and a network of their own; for `ignore` of tests that
 * need them. Says once what is skipped and why; in CI, where nothing may be skipped, it throws.
 *
 * @throws {NamespacesError} where CI is set and it cannot be done.
 */
export function haveNamespaces(needs: Needs = {}, surroundings = ownSurroundings()): boolean {
  const problem = problemWith(needs);
  if (problem === undefined) return true;
  if (!["", "0", "false"].includes(surroundings.ci ?? "")) {
    throw new NamespacesError(`Tests in namespaces must run where CI is set, and ${problem}.`);
  }
  if (!announced) surroundings.print(`Tests in namespaces of their own are skipped: ${problem}.`);
  announced = true;
  return false;
}

/** As haveNamespaces(), with what is lacking: undefined where nothing is. For needing(). */
export function lackOfNamespaces(needs: Needs = {}): string | undefined {
  return haveNamespaces(needs) ? undefined : problemWith(needs);
}

function ownSurroundings(): Surroundings {
  const encoder = new TextEncoder();
  return {
    ci: Deno.env.get("CI"),
    print: (line) => void Deno.stderr.writeSync(encoder.encode(`${line}\n`)),
  };
}

/**
 * The command, to be run with mounts and a network of its own, in which there is a loopback that is
 * down and nothing else. Without root it is root of a user namespace there.
 */
export function inNamespaces(command: readonly string[], more: readonly string[] = []): string[] {
  const user = Deno.uid() === 0 ? [] : ["--user", "--map-root-user"];
  return ["unshare", ...user, "--mount", "--net", ...more, "--", ...command];
}

function problemWith({ root = false, commands = [] }: Needs): string | undefined {
  if (Deno.build.os !== "linux") return "only Linux has namespaces";
  if (root && Deno.uid() !== 0) return "laying out a pod needs root: run the tests with sudo -E";
  for (const command of commands) {
    const problem = problemOfRunning([command, "--help"]);
    if (problem !== undefined) return problem;
  }
  return problemOfRunning(inNamespaces(["true"]));
}

/** A command that is there may end as it likes, unless it is the attempt itself. */
function problemOfRunning([name = "", ...args]: readonly string[]): string | undefined {
  try {
    const { success, stderr } = new Deno.Command(name, { args, stdin: "null" }).outputSync();
    if (success || name !== "unshare") return undefined;
    return `unshare is refused (${new TextDecoder().decode(stderr).trim()}): run the tests as ` +
      "root, or allow user namespaces";
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    return `${name} is missing: apt-get install util-linux iproute2 coreutils`;
  }
}
