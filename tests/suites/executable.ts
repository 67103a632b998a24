import { fileURLToPath } from "node:url";
import { bundleArguments, programFlags } from "../../deploy/executable/compile.ts";
import { entryPoint } from "../../deploy/executable/entry_point.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const MAIN = new URL("../../src/main.ts", import.meta.url).href;

/** How a bundle differs from the one that is shipped. */
export interface BundleOptions {
  /** A module that takes the place of a dependency. */
  readonly intruder?: URL;
  /** False keeps the names of functions and modules, for a profile. */
  readonly minify?: boolean;
}

/**
 * Puts the program into one file of `directory`, by the very steps of `deno task compile`, and
 * answers its path.
 */
export async function bundleInto(
  directory: string,
  { intruder, minify = true }: BundleOptions = {},
): Promise<string> {
  const bundle = `${directory}/manager.js`;
  const entry = `${directory}/manager.ts`;
  const dependency = intruder === undefined ? "" : `import "${intruder.href}";\n`;
  await Deno.writeTextFile(
    entry,
    entryPoint(undefined, MAIN).replace(/^import.*\n/, `$&${dependency}`),
  );
  const [command, ...args] = bundleArguments(bundle, entry)
    .filter((argument) => minify || argument !== "--minify");
  const { success, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [command!, "--quiet", "--config", `${ROOT}/deno.json`, ...args],
    cwd: ROOT,
    stdin: "null",
  }).output();
  if (success) return bundle;
  throw new Error(`the bundle could not be made:\n${new TextDecoder().decode(stderr)}`);
}

/**
 * Arguments for Deno that run the bundle as the executable runs it, with its permissions and no
 * others. In the executable they are built in, which takes a runtime stub that not every machine
 * can download.
 */
export function executableArguments(
  bundle: string,
  more: readonly string[] = [],
  ...flags: Parameters<typeof programFlags>
): string[] {
  // What Deno has compiled would be kept where a pod cannot write.
  return ["run", "--quiet", "--no-code-cache", ...programFlags(...flags), ...more, bundle];
}
