import { bundlerArguments } from "../../deploy/executable/compile.ts";
import type { Buildah } from "./buildah.ts";

/** The two images that the Dockerfile starts from, by their local names. */
export interface StandIns {
  readonly build: string;
  readonly base: string;
}

const decoder = new TextDecoder();

/**
 * Makes images in place of those that the Dockerfile names, which cannot be pulled everywhere. For
 * the build it is this very Deno, with a shell and the packages of the lock file. The base is
 * nothing but the libraries that Deno is linked with. In place of Deno's runtime stub stands Deno
 * itself, so that what is compiled has everything in it but does not start as the program.
 */
export async function makeStandIns(buildah: Buildah, project: string): Promise<StandIns> {
  const deno = await Deno.realPath(Deno.execPath());
  const cache = await Deno.makeTempDir({ prefix: "msi-acrpull-cache-" });
  try {
    await fillCache(project, cache);
    const [denoLibraries, shellLibraries] = [await librariesOf(deno), await librariesOf("/bin/sh")];
    const base = await makeImage(buildah, "stand-in-base", [...denoLibraries], []);
    const build = await makeImage(
      buildah,
      "stand-in-build",
      [...new Set([...denoLibraries, ...shellLibraries, "/bin/sh"])],
      [[deno, "/usr/bin/deno"], [cache, "/deno-dir"]],
      ["PATH=/usr/bin:/bin", "DENO_DIR=/deno-dir", "DENORT_BIN=/usr/bin/deno"],
    );
    return { build, base };
  } finally {
    await Deno.remove(cache, { recursive: true });
  }
}

/** What the build installs, and what Deno makes of the bundler. */
async function fillCache(project: string, cache: string): Promise<void> {
  const bundle = ["bundle", "--frozen", "--output", `${cache}/bundle.js`, "src/main.ts"];
  for (const args of [["install", "--frozen"], bundlerArguments(), bundle]) {
    const { code, stderr } = await new Deno.Command(Deno.execPath(), {
      args,
      cwd: project,
      env: { DENO_DIR: cache },
    }).output();
    if (code !== 0) throw new Error(`deno ${args[0]}: ${decoder.decode(stderr)}`);
  }
  await Deno.remove(`${cache}/bundle.js`);
}

/** The shared libraries of an executable, the loader included, by their paths on this machine. */
export async function librariesOf(executable: string): Promise<string[]> {
  const { stdout } = await new Deno.Command("ldd", { args: [executable] }).output();
  return [...decoder.decode(stdout).matchAll(/(\/\S+) \(0x/g)].map((match) => match[1]!);
}

async function makeImage(
  buildah: Buildah,
  name: string,
  files: readonly string[],
  copies: readonly [from: string, to: string][],
  environment: readonly string[] = [],
): Promise<string> {
  const container = await buildah.run("from", "scratch");
  for (const path of files) await buildah.run("copy", container, await Deno.realPath(path), path);
  for (const [from, to] of copies) await buildah.run("copy", container, from, to);
  await buildah.run("config", ...environment.flatMap((entry) => ["--env", entry]), container);
  await buildah.run("commit", "--rm", container, `localhost/${name}`);
  return `localhost/${name}`;
}
