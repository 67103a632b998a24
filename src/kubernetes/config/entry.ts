import { dirname, resolve } from "node:path";
import { asObject } from "../../runtime/as_object.ts";
import { ConfigError } from "./errors.ts";

/**
 * An object within a kubeconfig together with its place, so that whatever is wrong with it can be
 * named: `kubeconfig FILE: users[name=aks].exec.command ...`.
 */
export class Entry {
  readonly file: string;
  readonly path: string;
  readonly #fields: Record<string, unknown>;

  constructor(fields: Record<string, unknown>, file: string, path: string) {
    this.#fields = fields;
    this.file = file;
    this.path = path;
  }

  /** Where a field is: file and path. Without `key`, the entry itself. */
  place(key?: string): string {
    const path = [this.path, key].filter(Boolean).join(".");
    return `kubeconfig ${this.file}: ${path}`;
  }

  /** An error about a field. `what` goes on from its place: "must be a string". */
  fault(key: string | undefined, what: string, cause?: unknown): ConfigError {
    return new ConfigError(
      `${this.place(key)} ${what}`,
      cause === undefined ? {} : { cause },
    );
  }

  /** The names of the fields that are set. */
  keys(): string[] {
    return Object.keys(this.#fields);
  }

  /** The field as it stands. */
  raw(key: string): unknown {
    return this.#fields[key];
  }

  /** A string field; absent, null and empty are `undefined`. */
  string(key: string): string | undefined {
    const value = this.#fields[key] ?? "";
    if (typeof value !== "string") throw this.#wrongType(key, "a string (put it in quotes)", value);
    return value === "" ? undefined : value;
  }

  /** A string field that must be there. */
  required(key: string): string {
    const value = this.string(key);
    if (value === undefined) throw this.fault(key, "is missing");
    return value;
  }

  /** A true or false; absent is false. */
  flag(key: string): boolean {
    const value = this.#fields[key] ?? false;
    if (typeof value !== "boolean") throw this.#wrongType(key, "true or false", value);
    return value;
  }

  /** A list of strings; absent is empty. */
  strings(key: string): string[] {
    return this.#list(key).map((value, index) => {
      if (typeof value === "string") return value;
      throw this.#wrongType(`${key}[${index}]`, "a string (put it in quotes)", value);
    });
  }

  /** An object; absent is `undefined`. */
  child(key: string): Entry | undefined {
    const value = this.#fields[key] ?? undefined;
    return value === undefined ? undefined : this.#entry(key, value);
  }

  /** A list of objects; absent is empty. Each is named by its `name` where it has one. */
  children(key: string): Entry[] {
    return this.#list(key).map((value, index) => {
      const name = asObject(value)?.name;
      return this.#entry(
        typeof name === "string" ? `${key}[name=${name}]` : `${key}[${index}]`,
        value,
      );
    });
  }

  /** A path in a field: relative ones start at the directory of the kubeconfig. */
  filePath(key: string): string | undefined {
    const path = this.string(key);
    return path === undefined ? undefined : this.resolvePath(path);
  }

  /** `path` seen from the directory of the kubeconfig. */
  resolvePath(path: string): string {
    return resolve(dirname(this.file), path);
  }

  #list(key: string): unknown[] {
    const value = this.#fields[key] ?? [];
    if (!Array.isArray(value)) throw this.#wrongType(key, "a list", value);
    return value;
  }

  #entry(key: string, value: unknown): Entry {
    const fields = asObject(value);
    if (fields === undefined) throw this.#wrongType(key, "an object", value);
    return new Entry(fields, this.file, [this.path, key].filter(Boolean).join("."));
  }

  #wrongType(key: string, wanted: string, value: unknown): ConfigError {
    const found = value === null ? "null" : Array.isArray(value) ? "a list" : `a ${typeof value}`;
    return this.fault(key, `must be ${wanted}, and is ${found.replace("a object", "an object")}`);
  }
}
