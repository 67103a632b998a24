import type { Clock } from "../runtime/time/clock.ts";
import type { ClientConnection } from "./connections.ts";
import { plainText, reasonOf } from "./plain_text.ts";
import { readRequest, RequestError } from "./request.ts";
import { responseBytes } from "./response.ts";

/** Answers one request. */
export type Handler = (request: Request) => Response | Promise<Response>;

/** A client has this long for its request, a TLS handshake included. */
export const REQUEST_MS = 10_000;

/** A client has this long to take its answer. */
export const ANSWER_MS = 10_000;

/**
 * Reads one request from the connection and answers it. Resolves when the client has taken the
 * answer, with the connection still open, or closed where a limit was over. Rejects when the client
 * breaks off.
 */
export async function serveConnection(
  connection: ClientConnection,
  handler: Handler,
  clock: Clock,
): Promise<void> {
  const asked = await closingAfter(connection, REQUEST_MS, clock, () => requestOf(connection));
  if (asked === undefined) return;
  connection.phase = "answering";
  const { method, response } = asked instanceof RequestError
    ? { method: "GET", response: plainText(`${asked.message}\n`, asked.status) }
    : { method: asked.method, response: await answer(asked, handler) };
  const bytes = await responseBytes(response, method, clock.now());
  connection.phase = "sending";
  await closingAfter(connection, ANSWER_MS, clock, () => send(connection, bytes));
}

async function closingAfter<T>(
  connection: ClientConnection,
  limitMs: number,
  clock: Clock,
  work: () => Promise<T>,
): Promise<T> {
  const cancel = clock.after(limitMs, () => connection.close());
  try {
    return await work();
  } finally {
    cancel();
  }
}

async function requestOf(
  { stream }: ClientConnection,
): Promise<Request | RequestError | undefined> {
  try {
    return await readRequest(stream);
  } catch (error) {
    if (error instanceof RequestError) return error;
    throw error;
  }
}

async function answer(request: Request, handler: Handler): Promise<Response> {
  try {
    return await handler(request);
  } catch (error) {
    return plainText(`The request could not be answered: ${reasonOf(error)}\n`, 500);
  }
}

async function send({ stream }: ClientConnection, bytes: Uint8Array): Promise<void> {
  await stream.write(bytes);
  await stream.end();
  // Closing while bytes of the client are unread would reset the connection and lose the answer
  // (RFC 9112, section 9.6).
  while (await stream.read() !== null);
}
