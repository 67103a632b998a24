import { lowerAscii } from "../runtime/text/ascii.ts";
import { cut } from "../runtime/text/cut.ts";
import { AzureError } from "./errors.ts";
import { type Access, type AccessEntry, TOO_LARGE } from "./jwt.ts";
import { covers, Steps } from "./wildcard.ts";

/** A status is read on one screen. */
const LONGEST_LIST = 200;

/**
 * Each name that was asked for meets each name with wildcards: so many characters may be looked at,
 * some milliseconds of work. Both sides may be a tenant's, and all others wait meanwhile. 100
 * repositories of 30 characters against as many wildcards take a tenth of it.
 */
const MOST_STEPS = 1_000_000;

/** A scope in its parts: TYPE:NAME:ACTION[,ACTION]. */
interface Scope {
  readonly type: string;
  readonly name: string;
  readonly actions: readonly string[];
}

/**
 * What of the scopes in `asked` a token with that claim `access` does not grant, each with the
 * actions that it lacks. A token without the claim says nothing, and neither does a scope of no known
 * form. Undefined where nobody knows: it would take too long to compare. Source: docs/AAD-OAuth.md of
 * Azure/acr, "Calling POST /oauth2/token".
 */
export function notGranted(
  asked: string,
  access: Access | undefined,
  steps: Steps = new Steps(MOST_STEPS),
): readonly string[] | undefined {
  if (access === undefined) return [];
  if (access === TOO_LARGE) return undefined;
  const granted = new Granted(access, steps);
  const lacking: string[] = [];
  for (const text of asked.split(/\s/)) {
    const scope = parseScope(text);
    if (scope === undefined) continue;
    const actions = granted.without(scope);
    if (steps.areSpent) return undefined;
    if (actions.length > 0) lacking.push(`${scope.type}:${scope.name}:${actions.join(",")}`);
  }
  return lacking;
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

/** An entry of the claim, made ready to be compared many times. */
interface Grant {
  readonly type: string;
  readonly name: string;
  readonly actions: ReadonlySet<string>;
}

/** What a token grants. Both it and what is asked may name many repositories. */
class Granted {
  readonly #byName = new Map<string, Grant[]>();
  readonly #all: readonly Grant[];
  /** Those of more repositories than one. */
  readonly #wide: readonly Grant[];
  readonly #steps: Steps;

  constructor(access: readonly AccessEntry[], steps: Steps) {
    this.#steps = steps;
    this.#all = access.map(({ type, name, actions }) => ({
      type,
      name: lowerAscii(name),
      actions: new Set(actions),
    }));
    this.#wide = this.#all.filter(({ name }) => name.includes("*"));
    for (const grant of this.#all) {
      const key = keyOf(grant.type, grant.name);
      const grants = this.#byName.get(key);
      if (grants === undefined) this.#byName.set(key, [grant]);
      else grants.push(grant);
    }
  }

  /** Those of a scope's actions that nothing grants; of no meaning once the steps are spent. */
  without({ type, name: asked, actions }: Scope): readonly string[] {
    const name = lowerAscii(asked);
    const named = this.#byName.get(keyOf(type, name)) ?? [];
    const lacking = this.#leave(actions, named);
    if (lacking.length === 0) return lacking;
    const grants = name.includes("*") ? this.#all : this.#wide;
    return this.#leave(lacking, grants, (grant) =>
      grant.type === type &&
      (covers(grant.name, name, this.#steps) || covers(name, grant.name, this.#steps)));
  }

  /** Those of the actions that none of the grants allows for which `serves` holds. */
  #leave(
    actions: readonly string[],
    grants: readonly Grant[],
    serves: (grant: Grant) => boolean = () => true,
  ): readonly string[] {
    let lacking = actions;
    for (const grant of grants) {
      this.#steps.left--;
      if (lacking.length === 0 || this.#steps.areSpent) break;
      if (!serves(grant)) continue;
      this.#steps.left -= lacking.length;
      lacking = lacking.filter((action) => !allows(grant, action));
    }
    return lacking;
  }
}

function keyOf(type: string, name: string): string {
  return `${type}:${name}`;
}

function allows({ type, actions }: Grant, asked: string): boolean {
  if (actions.has("*") || actions.has(asked)) return true;
  return asked === "*" && isUseful(type, actions);
}

/** Who asks for all that may be done gets what may be: of a repository that is to be pulled at least. */
function isUseful(type: string, actions: ReadonlySet<string>): boolean {
  return type === "repository" ? actions.has("pull") : actions.size > 0;
}
