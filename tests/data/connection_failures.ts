/** A failure of a connection, as Deno 2.9.6 throws it: a TypeError `fetch failed` with this cause. */
export interface ConnectionFailure {
  readonly name: string;
  /** The cause's message; `{url}` stands for what was asked for. */
  readonly cause: string;
  /** What the operator calls it. */
  readonly reason: string;
}

const FILE = new URL("./connection-failures.jsonl", import.meta.url);

let read: readonly ConnectionFailure[] | undefined;

/**
 * What was recorded from real sockets: tests/sandbox/azure/connection_failures_test.ts holds the table
 * to it. Read once, and synchronously, so that tables of tests can be built from it.
 */
export function connectionFailures(): readonly ConnectionFailure[] {
  read ??= Deno.readTextFileSync(FILE).split("\n").filter((line) => line !== "")
    .map((line) => JSON.parse(line) as ConnectionFailure);
  return read;
}

/** What fetch rejects with in that failure of a request to `url`. */
export function connectionError({ cause }: ConnectionFailure, url: URL): TypeError {
  return new TypeError("fetch failed", { cause: new Error(cause.replace("{url}", url.href)) });
}
