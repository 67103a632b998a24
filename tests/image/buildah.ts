/** What `buildah` says of a command that failed. */
export class BuildahError extends Error {
  override readonly name = "BuildahError";
}

const decoder = new TextDecoder();

/**
 * buildah with a storage of its own in a temporary directory: it needs no engine, and runs build
 * steps in a chroot, for which it needs root.
 */
export class Buildah implements AsyncDisposable {
  readonly #directory: string;

  private constructor(directory: string) {
    this.#directory = directory;
  }

  static async create(): Promise<Buildah> {
    return new Buildah(await Deno.makeTempDir({ prefix: "msi-acrpull-image-" }));
  }

  /** Runs one command. Answers its output without line end; rejects with a `BuildahError`. */
  async run(...args: string[]): Promise<string> {
    const { code, stdout, stderr } = await new Deno.Command("buildah", {
      args: [
        "--root",
        `${this.#directory}/storage`,
        "--runroot",
        `${this.#directory}/run`,
        "--storage-driver=vfs",
        ...args,
      ],
      env: { BUILDAH_ISOLATION: "chroot", TMPDIR: this.#directory },
      stdin: "null",
    }).output();
    if (code === 0) return decoder.decode(stdout).trimEnd();
    const said = decoder.decode(stdout) + decoder.decode(stderr);
    throw new BuildahError(`buildah ${args[0]} ended with status ${code}:\n${said.slice(-4000)}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.#directory, { recursive: true });
  }
}

/** Says whether buildah is there and may be used; in CI it is an error if not. */
export function haveBuildah(): boolean {
  const problem = problemWithBuildah();
  if (problem === undefined) return true;
  const ci = Deno.env.get("CI") ?? "";
  if (["", "0", "false"].includes(ci)) return false;
  throw new BuildahError(`The image must be built where CI is set, and ${problem}.`);
}

/** As haveBuildah(), with what is lacking: undefined where nothing is. For needing(). */
export function lackOfBuildah(): string | undefined {
  return haveBuildah() ? undefined : problemWithBuildah();
}

function problemWithBuildah(): string | undefined {
  if (Deno.uid() !== 0) return "buildah's chroot needs root";
  try {
    new Deno.Command("buildah", { args: ["--version"] }).outputSync();
    return undefined;
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    return "buildah is missing: apt-get install buildah";
  }
}
