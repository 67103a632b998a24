import { optional } from "../../runtime/optional.ts";
import type { Clock } from "../../runtime/time/clock.ts";
import { errorOf, readBody, readJson } from "./body.ts";
import type { ClusterCredentials, ResolvedCluster } from "../config/types.ts";
import type {
  CuttingRequest,
  JSONValue,
  PerformRequest,
  RequestOptions,
  RestClient,
} from "./contract.ts";
import { Deadline } from "../../runtime/time/deadline.ts";
import { ApiError } from "./errors.ts";
import { type HttpClientFactory, type HttpClientLease, HttpClientSlot } from "./http_client.ts";
import { jsonLines } from "./json_lines.ts";
import { relay } from "./relay.ts";

/** Limits of time for one attempt, in milliseconds. */
export interface Timeouts {
  /** From sending to the answer's headers. */
  headersMs: number;
  /** From the headers to the body's end; streams have no such limit. */
  bodyMs: number;
}

/** What a `FetchRestClient` works with. */
export interface FetchRestClientOptions {
  config: ResolvedCluster;
  fetch: typeof fetch;
  clock: Clock;
  userAgent: string;
  timeouts?: Partial<Timeouts>;
  createHttpClient?: HttpClientFactory;
}

/** So that ours can stand where a client of the original's type is asked for, which opens some. */
type RefusesTunnels = (opts: RequestOptions & { expectTunnel: string[] }) => Promise<never>;

/** The API server itself gives up after 60 s; a list from a busy one may take long to arrive. */
export const DEFAULT_TIMEOUTS: Readonly<Timeouts> = { headersMs: 30_000, bodyMs: 60_000 };

/** An answer whose headers have come, with what must be let go of at its end. */
interface Answer {
  readonly response: Response;
  readonly credentials: ClusterCredentials;
  readonly lease: HttpClientLease;
  readonly deadline: Deadline;
  /** Lets go of timer, listener and client. More than one call is harmless. */
  end(): void;
}

/**
 * A `RestClient` over fetch. Each attempt has a time limit and follows the caller's signal, no
 * redirect is followed, and a 401 leads to credentials read anew and one repetition.
 *
 * Rejects with `ApiError`, with `ConfigError` when credentials or certificates cannot be had, and
 * with the caller's own reason when the caller aborts.
 */
export class FetchRestClient implements RestClient, Disposable {
  readonly performRequest: RefusesTunnels & PerformRequest;
  readonly defaultNamespace?: string;
  readonly #options: FetchRestClientOptions;
  readonly #timeouts: Timeouts;
  readonly #slot: HttpClientSlot;

  constructor(options: FetchRestClientOptions) {
    this.performRequest = ((opts: RequestOptions) => this.#perform(opts)) as
      & RefusesTunnels
      & PerformRequest;
    this.#options = options;
    this.#timeouts = { ...DEFAULT_TIMEOUTS, ...options.timeouts };
    this.#slot = new HttpClientSlot(
      options.config,
      options.createHttpClient ?? Deno.createHttpClient,
    );
    const { defaultNamespace } = options.config;
    if (defaultNamespace !== undefined) this.defaultNamespace = defaultNamespace;
  }

  /**
   * Replaces the pool of connections; those under way end as they are. For whoever finds that the
   * server has gone silent: a half-open connection would take every later request too.
   */
  renew(): void {
    this.#slot.renew();
  }

  /** No further requests. Those under way end as they are. */
  close(): void {
    this.#slot.close();
    this.#options.config.credentials.close?.();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  async #perform(opts: CuttingRequest): Promise<unknown> {
    if (opts.expectTunnel) throw new TypeError("this client opens no tunnels (expectTunnel)");
    const answer = await this.#send(opts);
    if (!answer.response.ok) throw await this.#refusal(opts, answer);
    if (!opts.expectStream) return await this.#whole(opts, answer);
    const bytes = relay(answer.response, answer.deadline.signal, answer.end, nameOf(opts));
    return opts.expectJson ? jsonLines(bytes, nameOf(opts), undefined, opts.longestString) : bytes;
  }

  async #send(opts: RequestOptions): Promise<Answer> {
    const first = await this.#attempt(opts);
    // A stream given as body has been consumed and cannot be sent again.
    if (first.response.status !== 401 || opts.bodyStream) return first;
    await discard(first);
    this.#options.config.credentials.invalidate(first.credentials);
    // A client certificate speaks for the connection as a whole.
    first.lease.retire();
    return await this.#attempt(opts);
  }

  async #attempt(opts: RequestOptions): Promise<Answer> {
    opts.abortSignal?.throwIfAborted();
    const url = this.#url(opts);
    const credentials = await this.#options.config.credentials.get(opts.abortSignal);
    const lease = await this.#slot.acquire(credentials.clientCertificate);
    const deadline = new Deadline(this.#options.clock, opts.abortSignal);
    const end = () => {
      deadline.end();
      lease.release();
    };
    deadline.limit(this.#timeouts.headersMs, () => this.#timeout(opts, "headersMs"));
    try {
      const response = await this.#options.fetch(url, {
        ...this.#init(opts, credentials),
        signal: deadline.signal,
        client: lease.client,
      });
      deadline.lift();
      return { response, credentials, lease, deadline, end };
    } catch (error) {
      // Whatever stands between us and the server, the next request shall not inherit it.
      if (!deadline.signal.aborted || deadline.expired) lease.retire();
      end();
      throw deadline.signal.aborted
        ? deadline.signal.reason
        : this.#unreachable(opts, credentials, error);
    }
  }

  async #whole(opts: CuttingRequest, answer: Answer): Promise<JSONValue | Uint8Array> {
    const { response } = answer;
    return await this.#withinBodyLimit<JSONValue | Uint8Array>(opts, answer, () => {
      // A HEAD announces the length of a body that it does not carry.
      if (opts.method === "HEAD") return response.bytes();
      return opts.expectJson
        ? readJson(response, nameOf(opts), opts.longestString)
        : readBody(response, nameOf(opts));
    });
  }

  async #refusal(opts: RequestOptions, answer: Answer): Promise<ApiError> {
    const now = this.#options.clock.now();
    return await this.#withinBodyLimit(
      opts,
      answer,
      () => errorOf(answer.response, nameOf(opts), now),
    );
  }

  async #withinBodyLimit<T>(
    opts: RequestOptions,
    answer: Answer,
    read: () => Promise<T>,
  ): Promise<T> {
    const { deadline, lease } = answer;
    deadline.limit(this.#timeouts.bodyMs, () => this.#timeout(opts, "bodyMs"));
    try {
      return await read();
    } catch (error) {
      if (deadline.expired) lease.retire();
      throw deadline.signal.aborted ? deadline.signal.reason : error;
    } finally {
      answer.end();
    }
  }

  #url(opts: RequestOptions): string {
    // URL parsing would resolve dot segments, and so turn a name into another resource's path.
    if (!opts.path.startsWith("/") || /[?#]|\/(\.|%2e){1,2}(\/|$)/i.test(opts.path)) {
      throw new TypeError(`not a path of the API: ${opts.path}`);
    }
    const query = opts.querystring?.toString();
    return this.#options.config.server + opts.path + (query ? `?${query}` : "");
  }

  #init(opts: RequestOptions, credentials: ClusterCredentials): RequestInit {
    // Not Headers: fetch would take them apart again, at a tenth of a request's whole cost.
    const headers: Record<string, string> = { "user-agent": this.#options.userAgent };
    const accept = opts.accept ?? (opts.expectJson ? "application/json" : undefined);
    if (accept) headers["accept"] = accept;
    const hasJson = opts.bodyJson !== undefined;
    const contentType = opts.contentType ?? (hasJson ? "application/json" : undefined);
    if (contentType) headers["content-type"] = contentType;
    if (credentials.authorization) {
      headers["authorization"] = credentials.authorization.reveal();
    }
    const body = opts.bodyStream ?? opts.bodyRaw ??
      (hasJson ? JSON.stringify(opts.bodyJson) : undefined);
    return {
      method: opts.method,
      headers,
      redirect: "error",
      ...optional("body", body as BodyInit | undefined),
    };
  }

  #timeout(opts: RequestOptions, limit: keyof Timeouts): ApiError {
    const what = limit === "headersMs" ? "no answer" : "the body did not end";
    return new ApiError({
      code: 0,
      reason: "Timeout",
      message: `${nameOf(opts)}: ${what} within ${this.#timeouts[limit] / 1000} s ` +
        `from ${this.#options.config.server}`,
    });
  }

  #unreachable(opts: RequestOptions, credentials: ClusterCredentials, error: unknown): ApiError {
    const said = error instanceof Error ? messageOf(error) : String(error);
    const header = credentials.authorization?.reveal();
    const text = header === undefined ? said : said.replaceAll(header, "[redacted]");
    const redirected = /redirect mode/i.test(text);
    return new ApiError({
      code: 0,
      reason: redirected ? "BadAnswer" : "Unreachable",
      message: redirected
        ? `${nameOf(opts)}: ${this.#options.config.server} redirects elsewhere, ` +
          "which is not followed with credentials"
        : `${nameOf(opts)}: no answer from ${this.#options.config.server}: ${text}`,
      // Whoever prints causes must not print what was taken out here.
      ...(text === said ? { cause: error } : {}),
    });
  }
}

/** Method and path; the query may be long and adds nothing to an error. */
function nameOf(opts: RequestOptions): string {
  return `${opts.method} ${opts.path}`;
}

/**
 * Deno's fetch says "fetch failed" and puts the reason into the cause, after addresses and the whole
 * URL with its query.
 */
function messageOf(error: Error): string {
  const text = error.cause instanceof Error ? error.cause.message : error.message;
  return text.replace(/^error sending request .*?(?=client error)/, "");
}

/** Lets an answer go unread. */
async function discard(answer: Answer): Promise<void> {
  try {
    await answer.response.body?.cancel();
  } finally {
    answer.end();
  }
}
