import type { Clock } from "../../runtime/time/clock.ts";
import type { RequestOptions, RestClient } from "./contract.ts";
import { ApiError } from "./errors.ts";
import { wrapRestClient } from "./wrap_rest_client.ts";

/** One call as metrics count it. */
export interface CallReport {
  /** As in RBAC: get, list, watch, create, update, patch, delete. */
  readonly verb: string;
  /** Plural, with its subresource after a slash. */
  readonly resource: string;
  /** HTTP status, of a success the usual one; 0 where no answer came. */
  readonly code: number;
  /** Until the answer, or for a stream its beginning. */
  readonly durationMs: number;
}

/** Wraps a client so that `onCall` hears of each call once it is answered. */
export function reportCalls(
  rest: RestClient,
  clock: Pick<Clock, "now">,
  onCall: (call: CallReport) => void,
): RestClient {
  return wrapRestClient(rest, async (send, opts) => {
    const startedAt = clock.now();
    let code = 0;
    try {
      const answer = await send(opts);
      code = opts.method === "POST" ? 201 : 200;
      return answer;
    } catch (error) {
      code = error instanceof ApiError ? error.code : 0;
      throw error;
    } finally {
      onCall({ ...target(opts), code, durationMs: clock.now() - startedAt });
    }
  });
}

const VERBS = { POST: "create", PUT: "update", PATCH: "patch", DELETE: "delete" } as const;

/** Verb and resource of a request, by the layout of API paths. */
function target({ method, path, querystring }: RequestOptions): Pick<
  CallReport,
  "verb" | "resource"
> {
  const segments = path.split("/").filter(Boolean);
  // /api/v1/... or /apis/group/version/...
  const rest = segments.slice(segments[0] === "api" ? 2 : 3);
  const [plural, name, subresource] = rest[0] === "namespaces" && rest.length > 2
    ? rest.slice(2)
    : rest;
  const resource = subresource === undefined ? plural ?? path : `${plural}/${subresource}`;
  if (method in VERBS) return { verb: VERBS[method as keyof typeof VERBS], resource };
  if (querystring?.get("watch") !== null && querystring !== undefined) {
    return { verb: "watch", resource };
  }
  return { verb: name === undefined ? "list" : "get", resource };
}
