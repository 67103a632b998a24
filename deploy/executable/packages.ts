/** The part that matters here of what `deno info --json` prints. */
export interface ModuleGraph {
  readonly modules: readonly {
    readonly kind?: string;
    readonly specifier: string;
    readonly npmPackage?: string;
    readonly dependencies?: readonly {
      /** Absent where only types are imported. */
      readonly code?: { readonly specifier?: string };
    }[];
  }[];
  readonly redirects?: Readonly<Record<string, string>>;
  readonly roots: readonly string[];
  readonly npmPackages: Readonly<
    Record<string, {
      readonly name: string;
      readonly version: string;
      readonly dependencies: readonly string[];
    }>
  >;
}

/** The part that matters here of deno.lock. */
export interface Lock {
  readonly npm: Readonly<Record<string, { readonly integrity: string }>>;
}

/** One npm package of the program. */
export interface NpmPackage {
  /** With its scope, as `@noble/hashes`. */
  readonly name: string;
  readonly version: string;
  /** As the lock file has it: the algorithm, a dash and the hash in base64. */
  readonly integrity: string;
  /** Packages that it needs, as NAME@VERSION. */
  readonly dependencies: readonly string[];
}

/**
 * The npm packages that the graph's roots reach by code, static or dynamic, and those that these
 * need, by name. Throws an Error where the lock file lacks one.
 */
export function packagesOf(graph: ModuleGraph, lock: Lock): NpmPackage[] {
  const wanted = importedPackages(graph);
  const found = (id: string) => graph.npmPackages[id] ?? missing(id, "the module graph");
  for (const id of wanted) found(id).dependencies.forEach((each) => wanted.add(each));
  return [...wanted].sort().map((id) => {
    const { name, version, dependencies } = found(id);
    const { integrity } = lock.npm[id] ?? missing(id, "deno.lock");
    // Where a package has peers, the graph's name for it goes on with theirs.
    const needed = dependencies.map(found).map(({ name, version }) => `${name}@${version}`);
    return { name, version, integrity, dependencies: needed };
  });
}

/** Iterating over a Set also visits what is added meanwhile. */
function importedPackages({ roots, modules, redirects = {} }: ModuleGraph): Set<string> {
  const bySpecifier = new Map(modules.map((module) => [module.specifier, module]));
  const reached = new Set(roots);
  const packages = new Set<string>();
  for (const specifier of reached) {
    const module = bySpecifier.get(redirects[specifier] ?? specifier);
    if (module?.npmPackage !== undefined) packages.add(module.npmPackage);
    for (const { code } of module?.dependencies ?? []) {
      if (code?.specifier !== undefined) reached.add(code.specifier);
    }
  }
  return packages;
}

function missing(id: string, where: string): never {
  throw new Error(`${id} is not in ${where}: run deno install.`);
}
