import { ChunkReader } from "../../runtime/text/chunk_reader.ts";
import { truncated } from "./body.ts";

/**
 * A body as a stream that calls `onEnd` once when it ends, fails, is cancelled or aborted. An abort
 * of `signal` fails it at once with the signal's reason, whatever the network does; a broken
 * connection fails it with `Truncated`. Nothing is read ahead of the reader's asking, and a chunk is
 * good only until the next is asked for.
 */
export function relay(
  response: Response,
  signal: AbortSignal,
  onEnd: () => void,
  request: string,
): ReadableStream<Uint8Array> {
  const reader = new ChunkReader(response.body ?? new Blob([]).stream());
  let onAbort = () => {};
  const end = () => {
    signal.removeEventListener("abort", onAbort);
    onEnd();
  };
  return new ReadableStream<Uint8Array>({
    start(controller) {
      onAbort = () => {
        controller.error(signal.reason);
        end();
        reader.cancel(signal.reason).catch(() => {});
      };
      if (signal.aborted) onAbort();
      else signal.addEventListener("abort", onAbort, { once: true });
    },
    async pull(controller) {
      try {
        const chunk = await reader.read();
        if (signal.aborted) return;
        if (chunk !== undefined) return controller.enqueue(chunk);
        end();
        controller.close();
      } catch (error) {
        if (signal.aborted) return;
        end();
        throw truncated(response, request, "the stream broke off", error);
      }
    },
    cancel(reason) {
      end();
      return reader.cancel(reason);
    },
  }, { highWaterMark: 0 });
}
