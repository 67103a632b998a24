import { maskSecrets } from "../runtime/masking/mask.ts";
import { cut } from "../runtime/text/cut.ts";

/** Anybody in the cluster may ask, so that no more is told of an error than its beginning. */
const LONGEST_REASON = 300;

/** An error's message as one that asks without a name may see it. */
export function reasonOf(error: unknown): string {
  return cut(maskSecrets(error instanceof Error ? error.message : String(error)), LONGEST_REASON);
}

/** A short text that no cache keeps. */
export function plainText(
  body: string,
  status: number,
  headers: Readonly<Record<string, string>> = {},
): Response {
  return new Response(body, {
    status,
    headers: {
      "content-type": "text/plain; charset=utf-8",
      "cache-control": "no-store",
      "x-content-type-options": "nosniff",
      ...headers,
    },
  });
}
