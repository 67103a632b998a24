import { abortable } from "../runtime/abortable.ts";
import { concatenate } from "../runtime/bytes.ts";
import type { Clock } from "../runtime/clock.ts";
import { ALLOW_HOST_REMEDY, permissionHost } from "../runtime/confinement.ts";
import { Deadline } from "../runtime/deadline.ts";
import { type AzureEndpoint, AzureError } from "./errors.ts";

/**
 * The most that is read of a body, in bytes. Real answers have a few kilobytes, 20 of them where a
 * token names 200 groups; dozens of calls are under way at once.
 */
const LONGEST_BODY = 64 * 1024;

/** What every call to Azure needs from its surroundings. */
export interface AzureTransport {
  readonly fetch: typeof fetch;
  readonly clock: Clock;
  /** Bounds every call that would have longer. */
  readonly longestMs?: number;
  /** Hears of a registry's token that names another: worth a line in the log, and no refusal. */
  readonly onOtherAudience?: (host: string, audience: string) => void;
  /** Hears of each call once it has ended; `status` is 0 where no answer came. */
  readonly onCall?: (endpoint: AzureEndpoint, status: number, durationMs: number) => void;
}

/** One call to Azure. */
export interface AzureRequest {
  readonly endpoint: AzureEndpoint;
  readonly url: URL;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as application/x-www-form-urlencoded by POST; without it the call is a GET. */
  readonly form?: URLSearchParams;
  /** Bound on the whole call, body included. */
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/** An answer, whatever its status. */
export interface AzureResponse {
  readonly status: number;
  readonly headers: Headers;
  readonly body: string;
}

/** How messages name the service behind an endpoint. */
export function hostOf(endpoint: AzureEndpoint, url: URL): string {
  return endpoint === "imds" ? "IMDS" : url.host;
}

/**
 * Sends one request and reads the whole answer. A redirect is never followed, since the request
 * carries a token. Rejects with the caller's abort reason, or with an AzureError: of class
 * `transient` where no whole answer came, and one that only another executable heals where Deno
 * allows no connection to the host.
 */
export async function callAzure(
  transport: AzureTransport,
  asked: AzureRequest,
): Promise<AzureResponse> {
  const timeoutMs = Math.min(asked.timeoutMs, transport.longestMs ?? Infinity);
  const request = { ...asked, timeoutMs };
  const deadline = new Deadline(transport.clock, request.signal);
  deadline.limit(request.timeoutMs, () => new DOMException("no answer in time", "TimeoutError"));
  const { signal } = deadline;
  const startedAt = transport.clock.now();
  let status = 0;
  try {
    const response = await abortable(transport.fetch(request.url, toInit(request, signal)), signal);
    status = response.status;
    if (status >= 300 && status < 400) await refuseRedirect(request, response);
    const body = await readBody(request, response, signal);
    return { status, headers: response.headers, body };
  } catch (error) {
    if (error instanceof AzureError) throw error;
    if (request.signal.aborted) throw request.signal.reason;
    if (error instanceof Deno.errors.NotCapable) throw notAllowed(request, error);
    throw noWholeAnswer(request, { status, timedOut: deadline.expired }, error);
  } finally {
    deadline.end();
    transport.onCall?.(request.endpoint, status, transport.clock.now() - startedAt);
  }
}

function toInit(request: AzureRequest, signal: AbortSignal): RequestInit {
  const init: RequestInit = { redirect: "manual", signal, headers: { ...request.headers } };
  if (request.form === undefined) return { ...init, method: "GET" };
  return { ...init, method: "POST", body: request.form };
}

async function refuseRedirect(request: AzureRequest, response: Response): Promise<never> {
  await response.body?.cancel();
  throw new AzureError({
    endpoint: request.endpoint,
    host: hostOf(request.endpoint, request.url),
    class: "transient",
    reason: "Redirected",
    status: response.status,
    problem: `${hostOf(request.endpoint, request.url)} answered with a redirect (HTTP ` +
      `${response.status}), which is never followed with a token`,
    remedy: "Look for a proxy or a captive portal between the operator and this host.",
  });
}

/** The whole body. Of a refusal that is too long its beginning will do: the status tells the rest. */
async function readBody(
  request: AzureRequest,
  response: Response,
  signal: AbortSignal,
): Promise<string> {
  if (response.body === null) return "";
  const reader = response.body.getReader();
  const chunks: Uint8Array[] = [];
  let size = 0;
  try {
    while (true) {
      const { done, value } = await abortable(reader.read(), signal);
      if (done) break;
      const part = value.subarray(0, LONGEST_BODY - size);
      chunks.push(part);
      size += part.byteLength;
      if (part.byteLength === value.byteLength) continue;
      if (response.status === 200) throw tooLong(request, response.status);
      reader.cancel().catch(() => {});
      break;
    }
  } catch (error) {
    // The stream may already be broken; what counts is the error that led here.
    reader.cancel().catch(() => {});
    throw error;
  }
  return new TextDecoder().decode(concatenate(chunks));
}

function tooLong(request: AzureRequest, status: number): AzureError {
  const host = hostOf(request.endpoint, request.url);
  return new AzureError({
    endpoint: request.endpoint,
    host,
    class: "transient",
    reason: "BadAnswer",
    status,
    problem: `${host} sent an answer of more than ${LONGEST_BODY / 1024} KiB`,
    remedy: "Look for a proxy between the operator and this host.",
  });
}

/** Nothing was sent. The sentence names the host with its port, as Deno's permissions do. */
function notAllowed({ endpoint, url }: AzureRequest, cause: Error): AzureError {
  return new AzureError({
    endpoint,
    host: hostOf(endpoint, url),
    class: "permanent-user-error",
    healsInCluster: true,
    reason: "HostNotAllowed",
    problem: `This executable may not connect to ${permissionHost(url)}`,
    remedy: `Correct the host, or ${ALLOW_HOST_REMEDY}.`,
  }, { cause });
}

function noWholeAnswer(
  request: AzureRequest,
  { status, timedOut }: { readonly status: number; readonly timedOut: boolean },
  cause: unknown,
): AzureError {
  const { endpoint, url, timeoutMs } = request;
  const host = hostOf(endpoint, url);
  const limit = `within ${timeoutMs / 1000} s`;
  const common = { endpoint, host, class: "transient" } as const;
  if (status === 0) {
    return new AzureError({
      ...common,
      reason: timedOut ? "Timeout" : "Unreachable",
      problem: timedOut
        ? `${host} did not answer ${limit}`
        : `${host} could not be reached, or gave no answer`,
      remedy: reachability(endpoint),
    }, { cause });
  }
  return new AzureError({
    ...common,
    reason: timedOut ? "Timeout" : "Truncated",
    status,
    problem: `${host} began an answer (HTTP ${status}) ` +
      (timedOut ? `that did not end ${limit}` : "and broke it off"),
    remedy: "Look for a proxy or a firewall between the operator and this host.",
  }, { cause });
}

function reachability(endpoint: AzureEndpoint): string {
  if (endpoint === "imds") {
    return "Check that the operator runs on an Azure node and that no network policy blocks 169.254.169.254.";
  }
  if (endpoint === "entra") return "Check DNS, firewall and proxy on the way to this host.";
  return "Check the registry's name, and DNS, firewall and private endpoint on the way to it.";
}
