import type { RequestOptions, RestClient } from "../http/contract.ts";
import { wrapRestClient } from "../http/wrap_rest_client.ts";

const READING: readonly RequestOptions["method"][] = ["GET", "HEAD", "OPTIONS"];

/**
 * Wraps a client so that `check` is called before each request that may write. The leadership's
 * signal alone is not enough: after a stop of the process or its machine, its timer may run later
 * than whatever else had waited, and another may lead by then.
 */
export function guarded(rest: RestClient, check: () => void): RestClient {
  return wrapRestClient(rest, async (send, opts) => {
    if (!READING.includes(opts.method)) {
      check();
      opts.abortSignal?.throwIfAborted();
    }
    return await send(opts);
  });
}
