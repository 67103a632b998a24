import { dirname } from "node:path";
import ts from "typescript";

const OPTIONS: ts.CompilerOptions = {
  target: ts.ScriptTarget.ESNext,
  module: ts.ModuleKind.Preserve,
  moduleResolution: ts.ModuleResolutionKind.Bundler,
  lib: ["lib.esnext.d.ts"],
  types: ["node"],
  allowImportingTsExtensions: true,
  noEmit: true,
  preserveSymlinks: true,
  skipLibCheck: true,
  strict: true,
};

/** deno.json of this folder, which has a lock of its own: see the comment on NODE_TYPES. */
const OWN_CONFIG = `${import.meta.dirname}/deno.json`;

/**
 * Types of the `node:` modules. Not in deno.json at the root, nor in its lock, because Deno would
 * check the whole repository with them in place of its own. The same goes for the linter: whatever
 * the lock at the root names is downloaded before anything runs.
 */
const NODE_TYPES = "@types/node@24.19.2";

/** Text of a file by its absolute path, in place of what is on disk. */
export type Overlay = ReadonlyMap<string, string>;

/**
 * The TypeScript compiler's view of Deno code, for tools that ask for types: Deno's own globals, and
 * the npm packages of deno.json from Deno's cache, shown to the compiler as a node_modules folder
 * that is not on disk.
 *
 * @param root directory of deno.json.
 * @param files absolute paths of the modules to look at.
 * @throws {Error} when an import of theirs cannot be resolved, as its types would be unknown.
 */
export async function createDenoProgram(
  root: string,
  files: string[],
  overlay: Overlay = new Map(),
): Promise<ts.Program> {
  const globals = `${root}/deno_globals.d.ts`;
  const [globalTypes, packages] = await Promise.all([
    deno(root, ["types"]),
    findPackages(root),
  ]);
  const host = createHost(root, packages, new Map([...overlay, [globals, globalTypes]]));
  const program = ts.createProgram([globals, ...files], OPTIONS, host);
  refuseUnresolved(program, files);
  return program;
}

/** Directory in Deno's cache of every npm package that the code or one of its packages imports. */
async function findPackages(root: string): Promise<ReadonlyMap<string, string>> {
  const named = [
    ...await npmImports(`${root}/deno.json`),
    ...await npmImports(OWN_CONFIG),
    NODE_TYPES,
  ];
  const source = named.map((id) => `import type {} from "npm:${id}";`).join("");
  const info = JSON.parse(
    await deno(root, [
      ...["info", "--json", "--config", OWN_CONFIG],
      `data:application/typescript,${source}`,
    ]),
  ) as { npmPackages: Record<string, { name: string; version: string; localPath: string }> };
  const packages = new Map<string, string>();
  const all = Object.values(info.npmPackages);
  const isNamed = (found: typeof all[number]) => named.includes(`${found.name}@${found.version}`);
  // Of several versions, the one that the code itself imports is set last and stays.
  for (const found of [...all.filter((found) => !isNamed(found)), ...all.filter(isNamed)]) {
    packages.set(found.name, found.localPath);
  }
  return packages;
}

/** Such as `yaml@2.9.1`, of every npm entry in the import map of a deno.json. */
async function npmImports(path: string): Promise<string[]> {
  const config = JSON.parse(await Deno.readTextFile(path)) as { imports: Record<string, string> };
  return Object.values(config.imports).flatMap((target) =>
    /^npm:\/?(.+?)\/?$/.exec(target)?.[1] ?? []
  );
}

async function deno(root: string, args: string[]): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args,
    cwd: root,
    env: { NO_COLOR: "1" },
  }).output();
  if (success) return new TextDecoder().decode(stdout);
  throw new Error(`deno ${args[0]} failed: ${new TextDecoder().decode(stderr)}`);
}

function createHost(
  root: string,
  packages: ReadonlyMap<string, string>,
  overlay: Overlay,
): ts.CompilerHost {
  const modules = `${root}/node_modules`;
  const onDisk = (path: string): string => {
    if (!path.startsWith(`${modules}/`)) return path;
    const [, name, rest] = /^((?:@[^/]+\/)?[^/]+)(.*)$/.exec(path.slice(modules.length + 1)) ?? [];
    const directory = packages.get(name ?? "");
    return directory === undefined ? path : directory + rest;
  };
  const folders = new Set([
    modules,
    ...packages.keys().map((name) => dirname(`${modules}/${name}`)),
  ]);
  const readFile = (path: string) => overlay.get(path) ?? ts.sys.readFile(onDisk(path));
  return {
    ...ts.createCompilerHost(OPTIONS),
    readFile,
    fileExists: (path) => overlay.has(path) || ts.sys.fileExists(onDisk(path)),
    directoryExists: (path) => folders.has(path) || ts.sys.directoryExists(onDisk(path)),
    getCurrentDirectory: () => root,
    getSourceFile: (path, languageVersion) => {
      const text = readFile(path);
      // Lint rules walk from a node to its parents.
      return text === undefined
        ? undefined
        : ts.createSourceFile(path, text, languageVersion, true);
    },
  };
}

function refuseUnresolved(program: ts.Program, files: string[]): void {
  const checker = program.getTypeChecker();
  const unresolved: string[] = [];
  for (const file of files) {
    program.getSourceFile(file)?.forEachChild((statement) => {
      if (!ts.isImportDeclaration(statement) && !ts.isExportDeclaration(statement)) return;
      const specifier = statement.moduleSpecifier;
      // An import for its effect alone brings no types.
      if (
        specifier === undefined || (ts.isImportDeclaration(statement) && !statement.importClause)
      ) {
        return;
      }
      if (!checker.getSymbolAtLocation(specifier)) {
        unresolved.push(`${file} imports ${specifier.getText()}`);
      }
    });
  }
  if (unresolved.length > 0) {
    throw new Error(`no types can be found for:\n${unresolved.join("\n")}`);
  }
}
