import { asObject } from "../../runtime/as_object.ts";
import { Entry } from "./entry.ts";
import { ConfigError } from "./errors.ts";
import { type ConfigSources, readOr } from "./sources.ts";

/** Kubeconfig files merged into one; each entry still knows its own file. */
export interface Kubeconfig {
  /** The files that were read. */
  readonly files: readonly string[];
  readonly currentContext: string | undefined;
  readonly clusters: ReadonlyMap<string, Entry>;
  readonly users: ReadonlyMap<string, Entry>;
  readonly contexts: ReadonlyMap<string, Entry>;
}

/** Files to read, and where their names came from, for messages. */
export interface KubeconfigFiles {
  readonly paths: readonly string[];
  /** Files that do not exist are passed over, as kubectl does for KUBECONFIG. */
  readonly mayBeMissing: boolean;
}

/**
 * Reads and merges kubeconfig files by kubectl's rules: of entries with the same name the first
 * one counts, whole; the first current-context that is set counts. Rejects with `ConfigError`.
 * See https://kubernetes.io/docs/concepts/configuration/organize-cluster-access-kubeconfig/.
 */
export async function readKubeconfig(
  files: KubeconfigFiles,
  sources: Pick<ConfigSources, "readFile">,
): Promise<Kubeconfig> {
  const roots: Entry[] = [];
  for (const path of files.paths) {
    const text = await readText(path, files.mayBeMissing, sources);
    if (text !== undefined) roots.push(await parse(path, text));
  }
  if (roots.length === 0) {
    throw new ConfigError(`kubeconfig: none of ${files.paths.join(", ")} exists`);
  }
  return {
    files: roots.map((root) => root.file),
    currentContext: first(roots, (root) => root.string("current-context")),
    clusters: merge(roots, "clusters"),
    users: merge(roots, "users"),
    contexts: merge(roots, "contexts"),
  };
}

async function readText(
  path: string,
  mayBeMissing: boolean,
  sources: Pick<ConfigSources, "readFile">,
): Promise<string | undefined> {
  const fail = (reason: string, cause: unknown) =>
    new ConfigError(`kubeconfig ${path} ${reason}`, { cause });
  try {
    return await readOr(sources, path, fail);
  } catch (error) {
    if (mayBeMissing && (error as Error).cause instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

async function parse(file: string, text: string): Promise<Entry> {
  const value = await parseYaml(file, text);
  // kubectl takes an empty file for an empty configuration.
  const fields = value === null || value === undefined ? {} : asObject(value);
  if (fields === undefined) throw new ConfigError(`kubeconfig ${file} is no YAML object`);
  const root = new Entry(fields, file, "");
  const kind = root.string("kind");
  if (kind !== undefined && kind !== "Config") {
    throw root.fault("kind", `is "${kind}"; a kubeconfig has "Config"`);
  }
  return root;
}

/** The YAML parser is loaded only here: in a pod it would cost memory and serve nothing. */
async function parseYaml(file: string, text: string): Promise<unknown> {
  const { parseDocument } = await import("yaml");
  // Its pretty messages quote the file, and with it tokens and keys.
  const document = parseDocument(text, { prettyErrors: false });
  const [error] = document.errors;
  if (error) {
    const line = text.slice(0, error.pos[0]).split("\n").length;
    throw new ConfigError(`kubeconfig ${file}: line ${line} is not valid YAML (${error.code})`);
  }
  try {
    return document.toJS();
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new ConfigError(`kubeconfig ${file} is not valid YAML: ${why}`);
  }
}

function merge(roots: readonly Entry[], key: string): Map<string, Entry> {
  const merged = new Map<string, Entry>();
  for (const entry of roots.flatMap((root) => root.children(key))) {
    const name = entry.required("name");
    if (!merged.has(name)) merged.set(name, entry);
  }
  return merged;
}

function first<T, R>(values: readonly T[], get: (value: T) => R | undefined): R | undefined {
  for (const value of values) {
    const found = get(value);
    if (found !== undefined) return found;
  }
  return undefined;
}
