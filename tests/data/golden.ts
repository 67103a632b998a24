/** An object as it is applied: the recording names no namespace, the replay chooses one. */
export interface GoldenObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: Readonly<{ name: string } & Record<string, unknown>>;
  readonly [field: string]: unknown;
}

/** Names an object that an earlier step made. */
export interface GoldenReference {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
}

/** One step of a replay. `settle` waits until the operator has nothing more to do. */
export type GoldenStep =
  | { readonly create: GoldenObject }
  | { readonly mergePatch: GoldenReference & { readonly patch: Readonly<Record<string, unknown>> } }
  | { readonly delete: GoldenReference }
  | { readonly settle: true };

/** What is compared of a binding; the last three say whether its status has the field. */
export interface GoldenBinding {
  readonly finalizers: readonly string[];
  readonly deleting: boolean;
  readonly error: boolean;
  readonly refreshed: boolean;
  readonly expires: boolean;
}

/**
 * A token, shown by the claims of the fake Azure. `who` holds `NS` where the replay's namespace
 * stands. For workload identity `arm` is the whole scope: compare it up to `/.default`.
 */
export interface GoldenToken {
  readonly kind: "refresh" | "access";
  readonly aud: string;
  readonly who: string;
  readonly arm: string;
  readonly scope?: string;
}

/** One registry's entry in a dockerconfigjson Secret. */
export interface GoldenAuth {
  readonly username: string;
  readonly email: string;
  /** Whether `auth` is base64 of `username:password`. */
  readonly authOk: boolean;
  readonly token: GoldenToken;
}

/** What is compared of a Secret. An annotation's value `TIME` stands for any RFC 3339 time. */
export interface GoldenSecret {
  readonly type: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  /** `group/version/Kind/name controller=bool block=bool`. */
  readonly owner: readonly string[];
  readonly auths: Readonly<Record<string, GoldenAuth>>;
}

/** The recorded end of a scenario. */
export interface GoldenFinal {
  /** By `version/name`. */
  readonly bindings: Readonly<Record<string, GoldenBinding>>;
  readonly secrets: Readonly<Record<string, GoldenSecret>>;
  /** Each ServiceAccount's imagePullSecrets, in order. */
  readonly serviceAccounts: Readonly<Record<string, readonly string[]>>;
}

/** One recorded scenario: steps to replay in a fresh namespace, and the state they end in. */
export interface GoldenState {
  readonly name: string;
  readonly steps: readonly GoldenStep[];
  readonly final: GoldenFinal;
}

const FILE = new URL("./golden-states.json", import.meta.url);
const STEPS: readonly string[] = ["create", "mergePatch", "delete", "settle"];

let read: readonly GoldenState[] | undefined;

/**
 * The recorded states, in the file's order, or those whose name begins with `prefix`. Read once,
 * and synchronously, so that tables of tests can be built from it at the top of a module. Throws a
 * TypeError naming the scenario at fault, a RangeError where no name has that prefix.
 */
export function goldenStates(prefix = ""): readonly GoldenState[] {
  read ??= parse(JSON.parse(Deno.readTextFileSync(FILE)));
  const chosen = read.filter((state) => state.name.startsWith(prefix));
  if (chosen.length > 0) return chosen;
  throw new RangeError(`No golden state has a name that begins with ${JSON.stringify(prefix)}`);
}

function parse(value: unknown): readonly GoldenState[] {
  if (!Array.isArray(value)) throw new TypeError(`${FILE.pathname} holds no list of states`);
  return value.map((state: unknown, index) => {
    if (isState(state)) return state;
    throw new TypeError(`${FILE.pathname}: entry ${index} is no state; compare its fields`);
  });
}

function isState(value: unknown): value is GoldenState {
  return isRecord(value) && typeof value.name === "string" &&
    Array.isArray(value.steps) && value.steps.every(isStep) && isRecord(value.final) &&
    isTableOf(value.final.bindings, isBinding) && isTableOf(value.final.secrets, isSecret) &&
    isTableOf(value.final.serviceAccounts, Array.isArray);
}

function isStep(value: unknown): value is GoldenStep {
  if (!isRecord(value)) return false;
  const keys = Object.keys(value);
  return keys.length === 1 && STEPS.includes(keys[0]!);
}

function isBinding(value: unknown): boolean {
  return isRecord(value) && Array.isArray(value.finalizers) &&
    ["deleting", "error", "refreshed", "expires"].every((key) => typeof value[key] === "boolean");
}

function isSecret(value: unknown): boolean {
  return isRecord(value) && typeof value.type === "string" && Array.isArray(value.owner) &&
    [value.labels, value.annotations, value.auths].every(isRecord);
}

function isTableOf(value: unknown, test: (entry: unknown) => boolean): boolean {
  return isRecord(value) && Object.values(value).every(test);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
