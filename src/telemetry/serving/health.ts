import { plainText, reasonOf } from "../../http_server/plain_text.ts";

/** A check's answer. The reason is one clause for a person, without secrets. */
export type CheckResult = { readonly ok: true } | { readonly ok: false; readonly reason: string };

/** Checks by name, each asked anew for every request. All must pass. */
export type Checks = Readonly<Record<string, () => CheckResult>>;

/**
 * Answers a probe: 200 and `ok`, or 503 and a line for each check that fails. With `verbose` in the
 * query it lists every check, as the API server's own health endpoints do.
 */
export function probe(endpoint: string, checks: Checks, verbose: boolean): Response {
  const results = Object.entries(checks).map(([name, check]) => ({ name, result: run(check) }));
  const healthy = results.every(({ result }) => result.ok);
  const lines = results.filter(({ result }) => verbose || !result.ok).map(({ name, result }) =>
    result.ok ? `[+]${name} ok` : `[-]${name} failed: ${result.reason}`
  );
  const last = verbose || !healthy ? `${endpoint} check ${healthy ? "passed" : "failed"}` : "ok";
  return plainText([...lines, last].join("\n") + "\n", healthy ? 200 : 503);
}

function run(check: () => CheckResult): CheckResult {
  try {
    return check();
  } catch (error) {
    return { ok: false, reason: reasonOf(error) };
  }
}
