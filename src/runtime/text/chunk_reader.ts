const BUFFER_BYTES = 16 * 1024;

/**
 * Reads a body chunk by chunk. By itself Deno hands over each in 64 KiB of its own, however few bytes
 * came: what a watch or a compressed list leaves behind for collection is many times its length.
 * Where the body allows it, all are read into the same buffer, so that a chunk is good only until
 * the next is asked for.
 */
export class ChunkReader {
  readonly #reader: Pick<ReadableStreamDefaultReader<Uint8Array>, "cancel">;
  /** The next bytes, undefined after the last. Rejects with what broke the body. One at a time. */
  readonly read: () => Promise<Uint8Array | undefined>;

  constructor(body: ReadableStream<Uint8Array>) {
    const byob = byobReader(body);
    const reader = byob ?? body.getReader();
    this.#reader = reader;
    this.read = byob === undefined ? () => readAsTheyCome(reader as never) : readThrough(byob);
  }

  /** Wants no more. */
  cancel(reason?: unknown): Promise<void> {
    return this.#reader.cancel(reason);
  }
}

async function readAsTheyCome(
  reader: ReadableStreamDefaultReader<Uint8Array>,
): Promise<Uint8Array | undefined> {
  const { done, value } = await reader.read();
  return done ? undefined : value;
}

function readThrough(reader: ReadableStreamBYOBReader): () => Promise<Uint8Array | undefined> {
  let buffer = new ArrayBuffer(BUFFER_BYTES);
  return async () => {
    // The buffer is away for as long as the read lasts, and comes back with it.
    const { done, value } = await reader.read(new Uint8Array(buffer));
    if (value !== undefined) buffer = value.buffer;
    return done ? undefined : value;
  };
}

/** Undefined for a body that knows no such reader, as one that was made from a text. */
function byobReader(body: ReadableStream<Uint8Array>): ReadableStreamBYOBReader | undefined {
  try {
    return body.getReader({ mode: "byob" });
  } catch (error) {
    if (error instanceof TypeError && !body.locked) return undefined;
    throw error;
  }
}
