/** Which folders of src each folder may import. `main.ts` stands for itself. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  "main.ts": ["cli", "telemetry", "runtime"],
  cli: ["controller", "azure", "api", "kubernetes", "telemetry", "http_server", "runtime"],
  controller: ["azure", "api", "kubernetes", "telemetry", "runtime"],
  azure: ["telemetry", "runtime"],
  api: ["kubernetes", "telemetry", "runtime"],
  kubernetes: ["telemetry", "runtime"],
  telemetry: ["http_server", "runtime"],
  http_server: ["runtime"],
  runtime: [],
};

/** Text of each module, by its path below the repository's root. */
export type Modules = ReadonlyMap<string, string>;

/** Reads every module of a folder. */
export async function readModules(root: URL, folder: string): Promise<Modules> {
  const modules = new Map<string, string>();
  for await (const entry of Deno.readDir(new URL(`${folder}/`, root))) {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory) {
      for (const [below, text] of await readModules(root, path)) modules.set(below, text);
    } else if (path.endsWith(".ts")) {
      modules.set(path, await Deno.readTextFile(new URL(path, root)));
    }
  }
  return modules;
}

/** The specifiers that a module imports, statically, for types, by re-export or dynamically. */
export function importsOf(text: string): string[] {
  const statements = text.matchAll(/^(?:import|export)\b(?:[^;"]*?\bfrom)?\s*"([^"]+)"/gm);
  const calls = text.matchAll(/\bimport\(\s*["'`]([^"'`]+)["'`]/g);
  return [...statements, ...calls].map((match) => match[1]!);
}

/** The path of the module that a relative specifier names. */
function resolve(from: string, specifier: string): string {
  return new URL(specifier, `file:///${from}`).pathname.slice(1);
}

/** The relative imports of each module, as paths. */
export function importGraph(modules: Modules): Map<string, string[]> {
  return new Map(
    [...modules].map(([path, text]) => [
      path,
      importsOf(text).filter((each) => each.startsWith(".")).map((each) => resolve(path, each)),
    ]),
  );
}

/** Holds the release's version, for whoever tells it. */
const MANIFEST = "deno.json";

/** Imports that lead the wrong way, each as a sentence. */
export function wrongWays(modules: Modules): string[] {
  const wrong: string[] = [];
  for (const [path, imports] of importGraph(modules)) {
    const from = path.split("/")[1]!;
    for (const imported of imports) {
      if (imported === MANIFEST) continue;
      const [top, to] = imported.split("/");
      if (top !== "src") wrong.push(`${path} imports ${imported}, which is outside src`);
      else if (to !== from && !MAY_IMPORT[from]?.includes(to!)) {
        wrong.push(`${path} imports ${imported}: ${from} may not know ${to}`);
      }
    }
  }
  return wrong;
}

/** What others may import of each room, by its path within the room without the extension. */
export type Doors = Readonly<Record<string, readonly string[]>>;

/** Imports that enter a room otherwise than by its doors, each as a sentence. */
export function pastDoors(modules: Modules, doors: Doors): string[] {
  return entries(modules, doors).flatMap(({ from, to, room, door }) =>
    doors[room]!.includes(door) ? [] : [`${from} imports ${to}, which is no door of ${room}`]
  );
}

/** Doors that nobody enters by, each as a sentence. */
export function unusedDoors(modules: Modules, doors: Doors): string[] {
  const used = new Set(entries(modules, doors).map(({ room, door }) => `${room}/${door}`));
  return Object.entries(doors).flatMap(([room, names]) =>
    names.flatMap((door) =>
      used.has(`${room}/${door}`) ? [] : [`${room} has a door ${door} that nobody uses`]
    )
  );
}

/** One import that enters a room, by the module that it enters by. */
interface Entry {
  readonly from: string;
  readonly to: string;
  readonly room: string;
  readonly door: string;
}

function entries(modules: Modules, doors: Doors): Entry[] {
  return [...importGraph(modules)].flatMap(([from, imports]) =>
    imports.flatMap((to) =>
      Object.keys(doors)
        .filter((room) => to.startsWith(`${room}/`) && !from.startsWith(`${room}/`))
        .map((room) => ({ from, to, room, door: to.slice(room.length + 1).replace(/\.ts$/, "") }))
    )
  );
}

/** The first cycle among the nodes of a graph, as the nodes on it; undefined when there is none. */
export function cycleIn(graph: ReadonlyMap<string, Iterable<string>>): string[] | undefined {
  const done = new Set<string>();
  const visit = (node: string, path: readonly string[]): string[] | undefined => {
    if (path.includes(node)) return [...path.slice(path.indexOf(node)), node];
    if (done.has(node)) return undefined;
    for (const next of graph.get(node) ?? []) {
      const found = visit(next, [...path, node]);
      if (found !== undefined) return found;
    }
    done.add(node);
    return undefined;
  };
  for (const node of graph.keys()) {
    const found = visit(node, []);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** Which folders import which. A folder and those below it count as one another's kin, not edges. */
export function folderGraph(modules: Modules): Map<string, Set<string>> {
  const graph = new Map<string, Set<string>>();
  for (const [path, imports] of importGraph(modules)) {
    const from = folderOf(path);
    const edges = graph.get(from) ?? new Set<string>();
    graph.set(from, edges);
    for (const to of imports.map(folderOf)) if (!areKin(from, to)) edges.add(to);
  }
  return graph;
}

function folderOf(path: string): string {
  return path.slice(0, path.lastIndexOf("/"));
}

function areKin(one: string, other: string): boolean {
  return one === other || one.startsWith(`${other}/`) || other.startsWith(`${one}/`);
}
