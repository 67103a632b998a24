import { lowerAscii } from "../runtime/text/ascii.ts";
import { cut } from "../runtime/text/cut.ts";
import { AzureError } from "./errors.ts";
import type { AccessEntry } from "./jwt.ts";

/** A status is read on one screen. */
const LONGEST_LIST = 200;
/** Names with wildcards are compared one by one. */
const MOST_COMPARISONS = 100_000;

/** A scope in its parts: TYPE:NAME:ACTION[,ACTION]. */
interface Scope {
  readonly type: string;
  readonly name: string;
  readonly actions: readonly string[];
}

/**
 * What of the scopes in `asked` a token with that claim `access` does not grant, each with the
 * actions that it lacks. A token without the claim says nothing, and neither does a scope of no known
 * form. Source: docs/AAD-OAuth.md of Azure/acr, "Calling POST /oauth2/token".
 */
export function notGranted(
  asked: string,
  access: readonly AccessEntry[] | undefined,
): readonly string[] {
  if (access === undefined) return [];
  const granted = new Granted(access);
  return asked.split(/\s/).map(parseScope).flatMap((scope) => {
    if (scope === undefined) return [];
    const { type, name } = scope;
    const lacking = scope.actions.filter((action) => !granted.has(type, name, action));
    return lacking.length === 0 ? [] : [`${type}:${name}:${lacking.join(",")}`];
  });
}

/** The failure of a registry that gave a token which lacks those scopes. */
export function scopeNotGranted(host: string, lacking: readonly string[]): AzureError {
  return new AzureError({
    endpoint: "token",
    host,
    class: "auth-denied",
    reason: "ScopeNotGranted",
    status: 200,
    problem: `${host} granted less than the scope asks for; the token lacks ${
      cut(lacking.join(", "), LONGEST_LIST)
    }`,
    remedy:
      "Grant the identity AcrPull, or on a registry with ABAC Container Registry Repository " +
      "Reader for these repositories; a new grant takes up to 10 minutes.",
  });
}

/** Names may hold no colon, and yet whoever writes a scope decides: the first and the last count. */
function parseScope(text: string): Scope | undefined {
  const first = text.indexOf(":");
  const last = text.lastIndexOf(":");
  if (first < 1 || last === first) return undefined;
  const actions = text.slice(last + 1).split(",").filter((action) => action !== "");
  return { type: text.slice(0, first), name: text.slice(first + 1, last), actions };
}

/** What a token grants. Both it and what is asked may name thousands of repositories. */
class Granted {
  readonly #byName = new Map<string, AccessEntry[]>();
  readonly #all: readonly AccessEntry[];
  /** Those of more repositories than one. */
  readonly #wide: readonly AccessEntry[];
  #comparisons = 0;

  constructor(access: readonly AccessEntry[]) {
    this.#all = access;
    this.#wide = access.filter(({ name }) => name.includes("*"));
    for (const entry of access) {
      const key = keyOf(entry.type, entry.name);
      const entries = this.#byName.get(key);
      if (entries === undefined) this.#byName.set(key, [entry]);
      else entries.push(entry);
    }
  }

  has(type: string, name: string, action: string): boolean {
    const serves = (entry: AccessEntry) => allows(entry, action);
    if (this.#byName.get(keyOf(type, name))?.some(serves)) return true;
    const entries = name.includes("*") ? this.#all : this.#wide;
    this.#comparisons += entries.length;
    // What nobody asks for in earnest is not worth the time of others.
    if (this.#comparisons > MOST_COMPARISONS) return true;
    return entries.some((entry) =>
      entry.type === type && serves(entry) && (covers(entry.name, name) || covers(name, entry.name))
    );
  }
}

function keyOf(type: string, name: string): string {
  return `${type}:${lowerAscii(name)}`;
}

function allows({ type, actions }: AccessEntry, asked: string): boolean {
  if (actions.includes("*") || actions.includes(asked)) return true;
  return asked === "*" && isUseful(type, actions);
}

/** Who asks for all that may be done gets what may be: of a repository that is to be pulled at least. */
function isUseful(type: string, actions: readonly string[]): boolean {
  return type === "repository" ? actions.includes("pull") : actions.length > 0;
}

/**
 * Whether a name, in which each `*` stands for any text, covers another. A registry may answer to a
 * name with wildcards by the repositories that it found, or by the wildcard itself.
 */
function covers(pattern: string, name: string): boolean {
  const [start = "", ...parts] = lowerAscii(pattern).split("*");
  const text = lowerAscii(name);
  if (parts.length === 0) return start === text;
  const end = parts.pop()!;
  if (!text.startsWith(start)) return false;
  let at = start.length;
  for (const part of parts) {
    const found = text.indexOf(part, at);
    if (found < 0) return false;
    at = found + part.length;
  }
  return text.length - end.length >= at && text.endsWith(end);
}
