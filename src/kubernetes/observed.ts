import type { Clock } from "../runtime/clock.ts";
import type { JSONValue, KubernetesTunnel, RequestOptions, RestClient } from "./contract.ts";
import { ApiError } from "./errors.ts";

/** One call as metrics count it. */
export interface ObservedCall {
  /** As in RBAC: get, list, watch, create, update, patch, delete. */
  readonly verb: string;
  /** Plural, with its subresource after a slash. */
  readonly resource: string;
  /** HTTP status; 0 where no answer came. */
  readonly code: number;
  /** Until the answer, or for a stream its beginning. */
  readonly durationMs: number;
}

/** Wraps a client so that `onCall` hears of each call once it is answered. */
export function observed(
  rest: RestClient,
  clock: Pick<Clock, "now">,
  onCall: (call: ObservedCall) => void,
): RestClient {
  return new ObservedRestClient(rest, clock, onCall);
}

class ObservedRestClient implements RestClient {
  readonly defaultNamespace?: string;
  readonly #rest: RestClient;
  readonly #clock: Pick<Clock, "now">;
  readonly #onCall: (call: ObservedCall) => void;

  constructor(
    rest: RestClient,
    clock: Pick<Clock, "now">,
    onCall: (call: ObservedCall) => void,
  ) {
    this.#rest = rest;
    this.#clock = clock;
    this.#onCall = onCall;
    if (rest.defaultNamespace !== undefined) this.defaultNamespace = rest.defaultNamespace;
  }

  performRequest(opts: RequestOptions & { expectTunnel: string[] }): Promise<KubernetesTunnel>;
  performRequest(
    opts: RequestOptions & { expectStream: true; expectJson: true },
  ): Promise<ReadableStream<JSONValue>>;
  performRequest(
    opts: RequestOptions & { expectStream: true },
  ): Promise<ReadableStream<Uint8Array>>;
  performRequest(opts: RequestOptions & { expectJson: true }): Promise<JSONValue>;
  performRequest(opts: RequestOptions): Promise<Uint8Array>;
  async performRequest(opts: RequestOptions): Promise<unknown> {
    const startedAt = this.#clock.now();
    let code = 0;
    try {
      const answer: unknown = await this.#rest.performRequest(opts);
      code = 200;
      return answer;
    } catch (error) {
      code = error instanceof ApiError ? error.code : 0;
      throw error;
    } finally {
      this.#onCall({ ...target(opts), code, durationMs: this.#clock.now() - startedAt });
    }
  }

  close(): void {
    this.#rest.close?.();
  }

  [Symbol.dispose](): void {
    this.#rest[Symbol.dispose]();
  }
}

const VERBS = { POST: "create", PUT: "update", PATCH: "patch", DELETE: "delete" } as const;

/** Verb and resource of a request, by the layout of API paths. */
function target({ method, path, querystring }: RequestOptions): Pick<
  ObservedCall,
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
