/** A regular expression as a module's code built it. */
export interface Built {
  readonly path: string;
  readonly line: number;
  readonly pattern: string;
  readonly flags: string;
}

/**
 * What `load` builds with the constructor `RegExp`, by the lines that do so. `root` is the folder
 * that paths are told from.
 */
export async function builtBy(load: () => Promise<unknown>, root: URL): Promise<Built[]> {
  const built: Built[] = [];
  const native = globalThis.RegExp;
  globalThis.RegExp = new Proxy(native, {
    construct(target, [pattern, flags]: [string, string?]) {
      const made = new target(pattern, flags);
      const place = placeOf(new Error().stack ?? "", root);
      if (place !== undefined) built.push({ ...place, pattern: made.source, flags: made.flags });
      return made;
    },
  });
  try {
    await load();
  } finally {
    globalThis.RegExp = native;
  }
  return built;
}

/** The innermost line of a stack that stands in `src`. */
function placeOf(stack: string, root: URL): { path: string; line: number } | undefined {
  const [, path, line] = stack.match(/src\/([\w/.]+\.ts):(\d+):\d+/) ?? [];
  return path === undefined || !stack.includes(root.href)
    ? undefined
    : { path: `src/${path}`, line: Number(line) };
}
