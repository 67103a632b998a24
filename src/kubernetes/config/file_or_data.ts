import type { Entry } from "./entry.ts";
import { pemFault } from "./pem.ts";
import { type ConfigSources, readOr } from "./sources.ts";

/** A PEM text that a kubeconfig names: inline or by file. */
export interface PemField {
  /** Field and file, for messages. */
  readonly source: string;
  /** The text; a file is read anew each time. Rejects with `ConfigError`. */
  read(): Promise<string>;
}

/**
 * The field `<key>-data` (base64), which wins, or the file that `<key>` names; `undefined` when
 * neither is set.
 */
export function pemField(
  entry: Entry,
  key: string,
  kind: "certificate" | "key",
  sources: Pick<ConfigSources, "readFile">,
): PemField | undefined {
  const dataKey = `${key}-data`;
  const data = entry.string(dataKey);
  if (data !== undefined) {
    const text = checked(entry, dataKey, kind, decode(entry, dataKey, data));
    return { source: entry.place(dataKey), read: () => Promise.resolve(text) };
  }
  const path = entry.filePath(key);
  if (path === undefined) return undefined;
  return {
    source: `${entry.place(key)} "${path}"`,
    read: async () => checked(entry, key, kind, await readNamed(entry, key, path, sources), path),
  };
}

/** The file that a field names. The error says which field that was. */
export function readNamed(
  entry: Entry,
  key: string,
  path: string,
  sources: Pick<ConfigSources, "readFile">,
): Promise<string> {
  return readOr(
    sources,
    path,
    (reason, cause) => entry.fault(key, `names "${path}", which ${reason}`, cause),
  );
}

function decode(entry: Entry, key: string, data: string): string {
  try {
    return new TextDecoder().decode(Uint8Array.fromBase64(data));
  } catch {
    throw entry.fault(key, "is not base64");
  }
}

function checked(
  entry: Entry,
  key: string,
  kind: "certificate" | "key",
  text: string,
  path?: string,
): string {
  const fault = pemFault(kind, text);
  if (fault === undefined) return text;
  throw entry.fault(key, path === undefined ? fault : `names "${path}", which ${fault}`);
}
