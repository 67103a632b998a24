/** The module that a line of a bundle, counted from 0, comes from. */
export type ModuleAt = (line: number) => string;

/** Reads the comments that a bundle carries before each module where it is not minified. */
export function modulesOf(bundle: string): ModuleAt {
  const starts: { readonly line: number; readonly module: string }[] = [];
  bundle.split("\n").forEach((text, line) => {
    const module = /^\/\/ (\S+\.m?[jt]s)$/.exec(text)?.[1];
    if (module !== undefined) starts.push({ line, module: shortened(module) });
  });
  return (line) => starts.findLast((start) => start.line <= line)?.module ?? "bundle";
}

/** Without what differs from machine to machine. */
function shortened(module: string): string {
  return /(?:npm\/[^/]+\/|^(?:\.\.\/)*.*(?=src\/))(.*)$/.exec(module)?.[1] ?? module;
}
