/** Bytes to and from one client. Reading and writing reject once it is closed. */
export interface ByteStream {
  /** The next bytes, or null when the client sends no more. */
  read(): Promise<Uint8Array | null>;
  /** Resolves when all bytes are on their way. */
  write(bytes: Uint8Array): Promise<void>;
  /** Says that no more will be written. */
  end(): Promise<void>;
  /** Gives up what is unsent, and frees the socket. May be called again. */
  close(): void;
}

/** Makes a stream of an accepted connection. */
export type Wrap = (connection: Deno.TcpConn) => ByteStream;

/** Larger than most requests, of which there is one a connection. */
const CHUNK_BYTES = 2048;

/** The connection's own bytes. */
export function plainStream(connection: Deno.TcpConn): ByteStream {
  let open = true;
  return {
    async read() {
      const buffer = new Uint8Array(CHUNK_BYTES);
      const count = await connection.read(buffer);
      return count === null ? null : buffer.subarray(0, count);
    },
    async write(bytes) {
      for (let sent = 0; sent < bytes.length;) {
        sent += await connection.write(bytes.subarray(sent));
      }
    },
    end: () => connection.closeWrite(),
    close() {
      if (open) connection.close();
      open = false;
    },
  };
}
