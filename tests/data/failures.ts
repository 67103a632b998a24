/**
 * The service that gives a recorded answer. `tokenrequest` is the Kubernetes API server, and
 * `identity-binding` the token proxy of AKS, which the operator does not call.
 */
export type FailureEndpoint =
  | "imds"
  | "entra"
  | "tokenrequest"
  | "exchange"
  | "token"
  | "identity-binding";

/** How the operator must class a recorded answer. */
export type FailureClass = "permanent-user-error" | "auth-denied" | "throttled" | "transient";

/** One line of azure-failures.jsonl: a failure as Azure or Kubernetes sends it. */
export interface AzureFailure {
  readonly name: string;
  readonly endpoint: FailureEndpoint;
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** A string is sent as it stands, an object as compact JSON: see `failureBody`. */
  readonly body: string | Readonly<Record<string, unknown>>;
  readonly class: FailureClass;
  readonly hint: string;
  /** Where it was read; S = seen in that source, C = constructed from documentation. */
  readonly src: string;
}

const FILE = new URL("./azure-failures.jsonl", import.meta.url);
const ENDPOINTS: readonly string[] = [
  "imds",
  "entra",
  "tokenrequest",
  "exchange",
  "token",
  "identity-binding",
] satisfies readonly FailureEndpoint[];
const CLASSES: readonly string[] = [
  "permanent-user-error",
  "auth-denied",
  "throttled",
  "transient",
] satisfies readonly FailureClass[];

let read: readonly AzureFailure[] | undefined;

/** The lines of azure-failures.jsonl as they stand in the file, without empty ones. */
export function azureFailureLines(): string[] {
  return Deno.readTextFileSync(FILE).split("\n").filter((line) => line !== "");
}

/**
 * Every recorded failure, in the file's order. Read once, and synchronously, so that tables of
 * tests can be built from it at the top of a module. Throws a TypeError naming the line at fault.
 */
export function azureFailures(): readonly AzureFailure[] {
  read ??= azureFailureLines().map(parseLine);
  return read;
}

/**
 * Whether the line is an answer that one of the four endpoints gives as it stands: not one of another
 * service, nor the description of a success that is worth little.
 */
export function isAnswerOfAzure({ endpoint, status }: AzureFailure): boolean {
  return endpoint !== "tokenrequest" && endpoint !== "identity-binding" && status >= 400;
}

/** The failure of that name. Throws a RangeError that lists the known names. */
export function azureFailure(name: string): AzureFailure {
  const found = azureFailures().find((failure) => failure.name === name);
  if (found !== undefined) return found;
  const known = azureFailures().map((failure) => failure.name).join(", ");
  throw new RangeError(`No failure is named ${JSON.stringify(name)}; known are: ${known}`);
}

/** The body as it goes over the wire. */
export function failureBody(failure: AzureFailure): string {
  return typeof failure.body === "string" ? failure.body : JSON.stringify(failure.body);
}

/** The failure as it arrives: its status, its headers and no others, its body. */
export function failureResponse(failure: AzureFailure): Response {
  const body = new TextEncoder().encode(failureBody(failure));
  return new Response(body, { status: failure.status, headers: { ...failure.headers } });
}

function parseLine(line: string, index: number): AzureFailure {
  const value: unknown = JSON.parse(line);
  if (isFailure(value)) return value;
  throw new TypeError(`${FILE.pathname}:${index + 1} is no failure record; compare its fields`);
}

function isFailure(value: unknown): value is AzureFailure {
  if (!isRecord(value)) return false;
  return ["name", "hint", "src"].every((field) => typeof value[field] === "string") &&
    ENDPOINTS.includes(String(value.endpoint)) && CLASSES.includes(String(value.class)) &&
    Number.isInteger(value.status) && (typeof value.body === "string" || isRecord(value.body)) &&
    isRecord(value.headers) && Object.values(value.headers).every((h) => typeof h === "string");
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
