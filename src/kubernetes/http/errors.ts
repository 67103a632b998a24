import { cut } from "../../runtime/text/cut.ts";
import { maskSecrets } from "../../runtime/masking/mask.ts";
import { oneLine } from "../../runtime/text/one_line.ts";
import { type Denial, denialIn } from "./denial.ts";
import { type StatusDetails, statusDetails } from "./status.ts";
import { asObject } from "../../runtime/as_object.ts";

export type { StatusCause, StatusDetails } from "./status.ts";

/** What an `ApiError` is made of. */
export interface ApiErrorInit {
  code: number;
  reason: string;
  message: string;
  retryable?: boolean;
  retryAfterMs?: number | undefined;
  details?: StatusDetails | undefined;
  /** By whose rule the request was refused in admission. */
  denial?: Denial | undefined;
  cause?: unknown;
}

/** What is known about a failed answer beside its Status. */
export interface AnswerContext {
  /** Leads the message, such as `GET /api/v1/namespaces`. */
  request?: string | undefined;
  /** The HTTP status, for a Status without a code of its own. */
  httpCode?: number | undefined;
  /** From the header; it wins over `details.retryAfterSeconds`. */
  retryAfterMs?: number | undefined;
  cause?: unknown;
}

/** A Status may repeat whole objects in its message; a log line must stay a line. */
const LONGEST_MESSAGE = 1024;
/** Reasons are words of the API; a webhook may give any text for one. */
const LONGEST_REASON = 128;

/** 501 is left out: a server that lacks a feature will lack it in a second too. */
const RETRYABLE_CODES: ReadonlySet<number> = new Set([408, 429, 500, 502, 503, 504]);

/** The reasons by which nobody answered, or not to the end: the same request may succeed next. */
const RETRYABLE_REASONS: ReadonlySet<string> = new Set(["Unreachable", "Timeout", "Truncated"]);

/**
 * Reasons for answers that carry no Status. 404, 409, 410 and 422 are absent on purpose: a proxy's
 * 404 page must never pass for "this object does not exist".
 */
const REASON_OF_CODE: Readonly<Record<number, string>> = {
  401: "Unauthorized",
  408: "Timeout",
  429: "TooManyRequests",
  500: "InternalError",
  502: "BadGateway",
  503: "ServiceUnavailable",
  504: "Timeout",
};

/** Deno's words for a connection that failed; other TypeErrors are mistakes in a program. */
const NETWORK_MESSAGE =
  /fetch failed|error sending request|error reading a body|request or response body|connection|failed to fetch/i;

/** Names of the Deno.errors classes that speak of the network. */
const NETWORK_NAMES: ReadonlySet<string> = new Set([
  "BrokenPipe",
  "ConnectionAborted",
  "ConnectionRefused",
  "ConnectionReset",
  "Http",
  "NetworkUnreachable",
  "NotConnected",
  "UnexpectedEof",
]);

/** Bad request, request entity too large, and what validation refuses. */
const TOO_LONG_CODES: ReadonlySet<number> = new Set([400, 413, 422]);

/** Words of etcd, and of the client that kube-apiserver calls it by: both arrive with code 500. */
const TOO_LARGE = /request is too large|message larger than max/;

/**
 * The one error of the Kubernetes layer: the API server refused, or no usable answer came. It holds
 * no header and no body, so it may be logged.
 *
 * `code` is the HTTP status, 0 when the server did not answer. `reason` is that of the Kubernetes
 * Status, or `PolicyDenied`, `Unreachable`, `Timeout`, `Truncated` or `BadAnswer` where there is
 * none, `Unknown` for a failure that is not the wire's. `retryable` says that the same request may succeed later
 * unchanged; whether repeating it is safe is for the caller to know (retry.ts). `retryAfterMs` is
 * the wait the server asked for.
 */
export class ApiError extends Error {
  override readonly name = "ApiError";
  readonly code: number;
  readonly reason: string;
  readonly retryable: boolean;
  readonly retryAfterMs: number | undefined;
  readonly details: StatusDetails | undefined;
  /** By whose rule the request was refused in admission; undefined where the API server speaks. */
  readonly denial: Denial | undefined;

  constructor(init: ApiErrorInit) {
    super(
      cut(oneLine(maskSecrets(init.message)), LONGEST_MESSAGE),
      init.cause === undefined ? {} : { cause: init.cause },
    );
    this.code = init.code;
    this.reason = cut(maskSecrets(init.reason), LONGEST_REASON);
    this.retryable = init.retryable ?? isRetryable(init.code, init.reason);
    this.retryAfterMs = init.retryAfterMs;
    this.details = init.details;
    this.denial = init.denial;
  }

  /**
   * Any failure as an `ApiError`: one as it is; the error of @cloudydeno/kubernetes-client (an Error
   * with `httpCode` and `status`); fetch's own; anything else with reason `Unknown`.
   * Throws the signal's reason when `signal` has aborted: that is the caller's wish, not a failure.
   */
  static from(error: unknown, signal?: AbortSignal): ApiError {
    return ApiError.recognise(error, signal) ?? new ApiError({
      code: 0,
      reason: "Unknown",
      message: error instanceof Error ? error.message : String(error),
      cause: error,
    });
  }

  /** As `from`, but answers `undefined` for what is no failure of a request. */
  static recognise(error: unknown, signal?: AbortSignal): ApiError | undefined {
    if (signal?.aborted) throw signal.reason;
    if (error instanceof ApiError) return error;
    if (!(error instanceof Error)) return undefined;
    return fromForeignClient(error) ?? fromFetch(error);
  }

  /** An error out of a Kubernetes Status, as an answer's body or as a watch's ERROR event. */
  static fromStatus(status: unknown, context: AnswerContext = {}): ApiError {
    const fields = asObject(status) ?? {};
    const code = typeof fields.code === "number" ? fields.code : context.httpCode ?? 0;
    const text = typeof fields.message === "string" ? fields.message : "no message";
    const denial = denialIn(text);
    const reason = typeof fields.reason === "string" && fields.reason !== ""
      ? fields.reason
      : denial === undefined
      ? reasonOfCode(code)
      : "PolicyDenied";
    const details = statusDetails(fields.details);
    return new ApiError({
      code,
      reason,
      message: `${lead(context)}${code} ${reason}: ${text}`,
      retryAfterMs: context.retryAfterMs ?? inMs(details?.retryAfterSeconds),
      details,
      denial,
      cause: context.cause,
    });
  }
}

/**
 * The object does not exist, in the API server's own words: neither a proxy's 404 page nor a webhook
 * that denies with this reason says so.
 */
export const isNotFound = (error: unknown): error is ApiError => isFact(error, "NotFound");
/** The object has changed since the resourceVersion that was sent. */
export const isConflict = (error: unknown): error is ApiError => isFact(error, "Conflict");
/** A create met an object of that name. */
export const isAlreadyExists = (error: unknown): error is ApiError =>
  isFact(error, "AlreadyExists");
/** RBAC or an admission policy refused. */
export const isForbidden = (error: unknown): error is ApiError => hasReason(error, "Forbidden");
/** The object did not pass validation. */
export const isInvalid = (error: unknown): error is ApiError => hasReason(error, "Invalid");
/** An admission webhook or policy refused. */
export const isDenial = (error: unknown): boolean =>
  error instanceof ApiError && error.denial !== undefined;
/**
 * The object may have been refused for how long something in it is: by its schema, by an admission
 * webhook or policy, as a request, or by etcd.
 */
export const mayBeTooLong = (error: unknown): error is ApiError =>
  error instanceof ApiError &&
  (TOO_LONG_CODES.has(error.code) || isDenial(error) || TOO_LARGE.test(error.message));
/** The resourceVersion or continue token is too old: list again from the start. */
export const isExpired = (error: unknown): error is ApiError =>
  error instanceof ApiError &&
  (error.code === 410 || error.reason === "Expired" || error.reason === "Gone");

/** The server lets nothing be created in a namespace that is being deleted. RBAC is not at fault. */
export const isNamespaceTerminating = (error: unknown): error is ApiError =>
  isFact(error, "Forbidden") &&
  (error.details?.causes ?? []).some(({ reason }) => reason === "NamespaceTerminating");

/** The Kubernetes reason that belongs to an HTTP status when the answer itself names none. */
export function reasonOfCode(code: number): string {
  return REASON_OF_CODE[code] ?? "BadAnswer";
}

/** What the API server itself found out. */
function isFact(error: unknown, reason: string): error is ApiError {
  return hasReason(error, reason) && error.denial === undefined;
}

function hasReason(error: unknown, reason: string): error is ApiError {
  return error instanceof ApiError && error.reason === reason;
}

function isRetryable(code: number, reason: string): boolean {
  return RETRYABLE_CODES.has(code) || (code < 400 && RETRYABLE_REASONS.has(reason));
}

function fromForeignClient(error: Error): ApiError | undefined {
  const { httpCode, status } = error as Error & { httpCode?: unknown; status?: unknown };
  if (typeof httpCode !== "number") return undefined;
  if (asObject(status)) return ApiError.fromStatus(status, { httpCode, cause: error });
  return new ApiError({
    code: httpCode,
    reason: reasonOfCode(httpCode),
    message: error.message,
    cause: error,
  });
}

function fromFetch(error: Error): ApiError | undefined {
  const make = (reason: string) =>
    new ApiError({ code: 0, reason, message: error.message, cause: error });
  if (error.name === "TimeoutError" || error.name === "TimedOut") return make("Timeout");
  if (NETWORK_NAMES.has(error.name)) return make("Unreachable");
  if (error instanceof TypeError && NETWORK_MESSAGE.test(error.message)) return make("Unreachable");
  if (error instanceof SyntaxError && /JSON/.test(error.message)) {
    return make(/end of JSON|Unterminated/.test(error.message) ? "Truncated" : "BadAnswer");
  }
  return undefined;
}

function lead(context: AnswerContext): string {
  return context.request === undefined ? "the API server answered " : `${context.request}: `;
}

function inMs(seconds: number | undefined): number | undefined {
  return seconds === undefined || seconds <= 0 ? undefined : seconds * 1000;
}
