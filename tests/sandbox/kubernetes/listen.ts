import { ConnectionLost } from "./http/faults.ts";
import { kubeconfigText } from "./kubeconfig.ts";
import { ApiError } from "./model/errors.ts";
import type { InMemoryKubernetes } from "./server.ts";

/** A server behind a socket. */
export interface Listening extends AsyncDisposable {
  /** `http://127.0.0.1:port`. */
  readonly url: string;
  readonly port: number;
  /** The text of a kubeconfig file for this server. */
  kubeconfig(options?: { token?: string; namespace?: string }): string;
  /** Ends the watches and the API server, then stops listening. Nothing stays open. */
  close(): Promise<void>;
}

/**
 * Serves `api` over plain HTTP on 127.0.0.1. Port 0, the default, picks a free one. `signal` closes
 * it as `close` does.
 */
export function listen(
  api: InMemoryKubernetes,
  options: { port?: number; signal?: AbortSignal } = {},
): Listening {
  // Deno aborts a served request's own signal also when its answer has been delivered; a client
  // that leaves shows by the cancelled body instead.
  const untilClosed = new AbortController();
  const server = Deno.serve({
    hostname: "127.0.0.1",
    port: options.port ?? 0,
    onListen: () => {},
    onError: answerError,
  }, (request) => api.fetch(request, untilClosed.signal));
  const { port } = server.addr;
  const url = `http://127.0.0.1:${port}`;
  let closing: Promise<void> | undefined;
  const close = () => {
    api.close();
    return closing ??= server.shutdown();
  };
  options.signal?.addEventListener("abort", () => {
    closing ??= close();
  }, { once: true });
  return {
    url,
    port,
    kubeconfig: (more = {}) => kubeconfigText({ server: url, ...more }),
    close,
    [Symbol.asyncDispose]: close,
  };
}

/** A lost connection is a body that breaks before its first byte; anything else is a mistake here. */
function answerError(error: unknown): Response {
  if (error instanceof ConnectionLost) return new Response(brokenBody());
  const message = error instanceof Error ? error.message : String(error);
  const { status } = new ApiError(500, "InternalError", `Internal error occurred: ${message}`);
  return Response.json(status, { status: 500 });
}

function brokenBody(): ReadableStream<Uint8Array> {
  return new ReadableStream({
    pull(controller) {
      controller.error(new ConnectionLost("connection reset"));
    },
  });
}
