import { backoffBound } from "../../runtime/time/backoff.ts";
import { type Clock, sleep } from "../../runtime/time/clock.ts";
import type { Random } from "../../runtime/random.ts";
import type { JSONValue, RequestOptions, RestClient } from "./contract.ts";
import { ApiError } from "./errors.ts";
import { isFailureStatus } from "./status.ts";
import { asObject } from "../../runtime/as_object.ts";
import { wrapRestClient } from "./wrap_rest_client.ts";

/** How often and how long to try. Times in milliseconds. */
export interface RetryPolicy {
  /** Attempts in all, the first included. */
  maxAttempts: number;
  /** The first pause is drawn from 0 to this; each further one from twice as much. */
  baseDelayMs: number;
  /** No pause is drawn from more than this. */
  maxDelayMs: number;
  /** No attempt starts later than this after the first: the caller's own queue goes on then. */
  maxTotalMs: number;
}

/** Within 30 s a rolling restart of an API server is over; what lasts longer is for a requeue. */
export const DEFAULT_RETRY_POLICY: Readonly<RetryPolicy> = {
  maxAttempts: 6,
  baseDelayMs: 200,
  maxDelayMs: 8_000,
  maxTotalMs: 30_000,
};

/** What `withRetries` works with; each field of the policy may be set apart. */
export interface RetryOptions extends Partial<RetryPolicy> {
  clock: Clock;
  random: Random;
}

/** What happened so far to one request. */
export interface RetryState {
  /** Attempts that have failed, 1 or more. */
  attempt: number;
  /** Since the first attempt began. */
  elapsedMs: number;
}

type RequestShape = Pick<RequestOptions, "method" | "contentType" | "bodyJson" | "bodyStream">;

/**
 * Says whether the server's state is the same after a request has been processed twice as after
 * once, or the second time is refused. Only then may it be repeated when nobody knows whether the
 * first one was processed (no answer, a cut answer, 5xx).
 *
 * - GET, HEAD and OPTIONS change nothing.
 * - DELETE: the repetition meets 404, which callers take for done, or its precondition.
 * - PUT: only with a resourceVersion, whose repetition meets a conflict. One without would also
 *   undo what another has written in between.
 * - PATCH: merge, strategic merge and apply name the wanted values. A JSON Patch names steps ("add
 *   to this list"), so it must begin by testing the resourceVersion.
 * - POST creates, and with generateName or TokenRequest it creates twice.
 */
export function isIdempotent(request: RequestShape): boolean {
  switch (request.method) {
    case "GET":
    case "HEAD":
    case "OPTIONS":
    case "DELETE":
      return true;
    case "PUT":
      return carriesResourceVersion(request.bodyJson);
    case "PATCH":
      return isRepeatablePatch(request);
    case "POST":
      return false;
  }
}

/**
 * Milliseconds to wait before `request`, which failed with `error`, is tried again; `undefined`
 * when it is not to be tried again. Pure, but for `random`.
 *
 * A 429, and a 503 with Retry-After, come from the server's gate before a request is processed
 * (API priority and fairness, a server starting up or shutting down), so any method is repeated.
 * Retry-After is followed as given; else the pause is drawn between 0 and an exponentially growing
 * bound ("full jitter"), so that many clients that failed together do not come back together.
 */
export function retryDelay(
  request: RequestShape,
  error: ApiError,
  state: RetryState,
  policy: RetryPolicy,
  random: Random,
): number | undefined {
  if (!error.retryable || state.attempt >= policy.maxAttempts) return undefined;
  // A stream given as body has been consumed by the attempt.
  if (request.bodyStream) return undefined;
  if (!wasNotProcessed(error) && !isIdempotent(request)) return undefined;
  const limits = { firstMs: policy.baseDelayMs, longestMs: policy.maxDelayMs };
  const bound = backoffBound(limits, state.attempt);
  const delay = error.retryAfterMs || random() * bound;
  return state.elapsedMs + delay > policy.maxTotalMs ? undefined : delay;
}

/**
 * A client that repeats what may be repeated, over any `RestClient`. It rejects with `ApiError` for
 * whatever the wrapped client's failure was, if that is recognised, and takes an answer that is a
 * failing Status for the failure it is. A stream is tried again until its headers have come; what
 * happens to it later is its reader's. Aborting ends a pause at once, with the signal's reason.
 * Closing it closes `rest`.
 */
export function withRetries(
  rest: RestClient,
  options: RetryOptions,
): RestClient & Disposable {
  const { clock, random } = options;
  const policy = { ...DEFAULT_RETRY_POLICY, ...options };
  return wrapRestClient(rest, async (send, opts) => {
    const startedAt = clock.now();
    for (let attempt = 1;; attempt++) {
      try {
        return refuseFailure(await send(opts));
      } catch (error) {
        const failure = ApiError.recognise(error, opts.abortSignal);
        if (!failure) throw error;
        // A wall clock that was set back must leave no more time than there was.
        const state = { attempt, elapsedMs: Math.max(0, clock.now() - startedAt) };
        const delay = retryDelay(opts, failure, state, policy, random);
        if (delay === undefined) throw failure;
        await sleep(clock, delay, opts.abortSignal);
      }
    }
  });
}

/**
 * The original client takes a Status for a success when its answer has no Content-Length; nobody
 * asks for a Status of failure, so one is always an error.
 */
function refuseFailure<T>(answer: T): T {
  if (isFailureStatus(answer)) throw ApiError.fromStatus(answer);
  return answer;
}

function wasNotProcessed(error: ApiError): boolean {
  return error.code === 429 || (error.code === 503 && error.retryAfterMs !== undefined);
}

function carriesResourceVersion(body: JSONValue | undefined): boolean {
  const version = asObject(asObject(body)?.metadata)?.resourceVersion;
  return typeof version === "string" && version !== "";
}

function isRepeatablePatch(request: RequestShape): boolean {
  const type = request.contentType?.split(";")[0]?.trim().toLowerCase();
  switch (type) {
    case "application/merge-patch+json":
    case "application/strategic-merge-patch+json":
    case "application/apply-patch+yaml":
      return true;
    case "application/json-patch+json":
      return testsResourceVersion(request.bodyJson);
    default:
      return false;
  }
}

function testsResourceVersion(patch: JSONValue | undefined): boolean {
  const first = Array.isArray(patch) ? asObject(patch[0]) : undefined;
  return first?.op === "test" && first.path === "/metadata/resourceVersion";
}
