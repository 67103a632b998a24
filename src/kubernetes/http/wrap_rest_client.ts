import { optional } from "../../runtime/optional.ts";
import type { PerformRequest, RequestOptions, RestClient } from "./contract.ts";

/** Does something about one request; `send` is the wrapped client's performRequest. */
export type Perform = (
  send: (opts: RequestOptions) => Promise<unknown>,
  opts: RequestOptions,
) => Promise<unknown>;

/** A client that hands each request to `perform`. Closing it closes `rest`, if that can be closed. */
export function wrapRestClient(
  rest: RestClient & Partial<Disposable>,
  perform: Perform,
): RestClient & Disposable {
  const close = () => {
    // A client may have only one of the two, or none.
    if (rest.close) rest.close();
    else rest[Symbol.dispose]?.();
  };
  return {
    performRequest:
      ((opts: RequestOptions) =>
        perform((request) => rest.performRequest(request), opts)) as PerformRequest,
    ...optional("defaultNamespace", rest.defaultNamespace),
    close,
    [Symbol.dispose]: close,
  };
}
