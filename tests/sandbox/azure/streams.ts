/**
 * A body made chunk by chunk, on demand; `next` answers undefined at its end. As with a real
 * `fetch`, aborting the signal breaks the body off. `next` is given a signal that aborts then, and
 * when the reader cancels.
 */
export function streamOf(
  signal: AbortSignal,
  next: (ended: AbortSignal) => Uint8Array | undefined | Promise<Uint8Array | undefined>,
): ReadableStream<Uint8Array> {
  const cancelled = new AbortController();
  const ended = AbortSignal.any([signal, cancelled.signal]);
  return new ReadableStream<Uint8Array>({
    start(controller) {
      if (signal.aborted) return controller.error(signal.reason);
      signal.addEventListener("abort", () => controller.error(signal.reason), { once: true });
    },
    async pull(controller) {
      try {
        const chunk = await next(ended);
        if (ended.aborted) return;
        if (chunk === undefined) controller.close();
        else controller.enqueue(chunk);
      } catch (error) {
        // The abort has already broken the stream off; anything else breaks it off now.
        if (!ended.aborted) controller.error(error);
      }
    },
    cancel(reason) {
      cancelled.abort(reason);
    },
  }, { highWaterMark: 0 });
}

/** A body that gives `head` and then fails as a connection does that was closed too soon. */
export function failingStream(head: Uint8Array): ReadableStream<Uint8Array> {
  let given = false;
  return new ReadableStream<Uint8Array>({
    pull(controller) {
      if (given) {
        return controller.error(new TypeError("error reading a body from connection"));
      }
      given = true;
      controller.enqueue(head);
    },
  }, { highWaterMark: 0 });
}

/**
 * The same body, but ending where the other fails. Deno.serve logs a body that fails; one that is
 * shorter than its Content-Length breaks the connection off just as well, and silently.
 */
export function endingQuietly(body: ReadableStream<Uint8Array>): ReadableStream<Uint8Array> {
  const reader = body.getReader();
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      try {
        const { done, value } = await reader.read();
        if (done) controller.close();
        else controller.enqueue(value);
      } catch {
        controller.close();
      }
    },
    cancel: (reason) => reader.cancel(reason),
  }, { highWaterMark: 0 });
}

/** The bytes of a text, one at a time. */
export function* bodyOf(text: string): Generator<Uint8Array, void> {
  const bytes = new TextEncoder().encode(text);
  for (let at = 0; at < bytes.length; at++) yield bytes.slice(at, at + 1);
}
