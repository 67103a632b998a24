import { optional } from "../runtime/optional.ts";
import { abortable } from "../runtime/time/abortable.ts";
import { Deadline } from "../runtime/time/deadline.ts";
import { readAzureBody } from "./body.ts";
import { isConnectFailure } from "./connection_failure.ts";
import type { Connection } from "./connections.ts";
import { AzureError } from "./errors.ts";
import { type AzureRequest, type AzureResponse, type AzureTransport, hostOf } from "./request.ts";
import { SilenceWatch } from "./silence_watch.ts";
import { notAllowed, noWholeAnswer } from "./unanswered.ts";

/** A connection that had served before gave no whole answer: another may well do. */
class ConnectionLost extends Error {
  override readonly name = "ConnectionLost";
}

/**
 * Sends one request and reads the whole answer. A redirect is never followed, since the request
 * carries a token. Where a connection from an earlier call breaks or says nothing, the request is
 * sent once more by a new one: all of Azure's calls here may be repeated. Rejects with the caller's
 * abort reason, or with an AzureError: of class `transient` where no whole answer came, and one that
 * only another executable heals where Deno allows no connection to the host.
 */
export async function callAzure(
  transport: AzureTransport,
  asked: AzureRequest,
): Promise<AzureResponse> {
  const timeoutMs = Math.min(asked.timeoutMs, transport.longestMs ?? Infinity);
  const request = { ...asked, timeoutMs };
  try {
    return await attempt(transport, request, { repeatable: true });
  } catch (error) {
    if (!(error instanceof ConnectionLost)) throw error;
  }
  await transport.beforeRepeat?.(request.signal);
  return await attempt(transport, request, { repeatable: false });
}

/** Rejects with ConnectionLost where the attempt is `repeatable`, and a new connection may help. */
async function attempt(
  transport: AzureTransport,
  request: AzureRequest,
  { repeatable }: { readonly repeatable: boolean },
): Promise<AzureResponse> {
  const { clock } = transport;
  const deadline = new Deadline(clock, request.signal);
  deadline.limit(request.timeoutMs, () => new DOMException("no answer in time", "TimeoutError"));
  const { signal } = deadline;
  const startedAt = clock.now();
  const connection = transport.connections?.open(request.url);
  const mayBeLost = repeatable && connection?.used === true;
  const watch = mayBeLost
    ? new SilenceWatch(clock, connection, startedAt, () => deadline.abort(new ConnectionLost()))
    : undefined;
  let status = 0;
  try {
    const init = toInit(request, signal, connection);
    const response = await abortable(transport.fetch(request.url, init), signal);
    status = response.status;
    connection?.answered(startedAt);
    if (status >= 300 && status < 400) await refuseRedirect(request, response);
    const body = await readAzureBody(request, response, signal, connection);
    return { status, headers: response.headers, body };
  } catch (error) {
    if (error instanceof AzureError) throw error;
    if (request.signal.aborted) throw request.signal.reason;
    if (error instanceof Deno.errors.NotCapable) throw notAllowed(request, error);
    const timedOut = deadline.expired;
    const connected = !isConnectFailure(error);
    if (connected) connection?.retire();
    if (connected && mayBeLost && !timedOut) throw new ConnectionLost("", { cause: error });
    const way = { route: connection?.route, hasBundle: transport.connections?.hasBundle };
    throw noWholeAnswer(request, { status, timedOut, way, error });
  } finally {
    watch?.end();
    deadline.end();
    connection?.release();
    transport.onCall?.(request.endpoint, status, clock.now() - startedAt);
  }
}

function toInit(
  request: AzureRequest,
  signal: AbortSignal,
  connection: Connection | undefined,
): RequestInit {
  const init: RequestInit = {
    redirect: "manual",
    signal,
    headers: { ...request.headers },
    ...optional("client", connection?.client),
  };
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
