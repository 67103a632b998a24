import { Duplex } from "node:stream";
import { createSecureContext, type SecureContext, TLSSocket } from "node:tls";
import { type ByteStream, plainStream } from "./byte_stream.ts";
import type { Certificate } from "./certificate.ts";

/** What a server shows in the handshake. Throws an Error when the key is not the certificate's. */
export function secureContext({ certificate, key }: Certificate): SecureContext {
  const pair = { cert: certificate, key: key.reveal() };
  // node:tls would tell of a pair that does not match only in the handshake; a client's is checked.
  try {
    Deno.createHttpClient(pair).close();
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new Error(`the certificate and its key cannot be used: ${reason}`, { cause });
  }
  return createSecureContext(pair);
}

/**
 * The bytes that a client sends over TLS, as the server of the handshake. Closing it frees the
 * socket at once, in the middle of a handshake too: a `Deno.TlsConn` would keep it until its client
 * goes. Only HTTP/1.1 is agreed on (ALPN, RFC 7301).
 */
export function tlsStream(connection: Deno.TcpConn, context: SecureContext): ByteStream {
  const plain = plainStream(connection);
  const below = duplexOf(plain);
  const socket = new TLSSocket(below, {
    isServer: true,
    secureContext: context,
    ALPNProtocols: ["http/1.1"],
  });
  // Reading and writing reject with it as well.
  socket.on("error", () => {});
  const chunks = socket[Symbol.asyncIterator]();
  return {
    async read() {
      const { done, value } = await chunks.next();
      return done === true ? null : value as Uint8Array;
    },
    write: (bytes) => settled((callback) => socket.write(bytes, callback)),
    end: () => settled((callback) => socket.end(callback)),
    // The socket ends with what is below it. Destroyed itself in the turn it was made in, Deno 2.9
    // never lets go of it.
    close: () => void below.destroy(),
  };
}

function settled(start: (callback: (error?: Error | null) => void) => void): Promise<void> {
  return new Promise((resolve, reject) => start((error) => error ? reject(error) : resolve()));
}

function duplexOf(plain: ByteStream): Duplex {
  const duplex = new Duplex({
    read() {
      plain.read().then((bytes) => this.push(bytes), (error) => this.destroy(error));
    },
    write(chunk: Uint8Array, _encoding, callback) {
      plain.write(chunk).then(() => callback(), callback);
    },
    final(callback) {
      plain.end().then(() => callback(), callback);
    },
    destroy(error, callback) {
      plain.close();
      callback(error);
    },
  });
  // The socket above it is told.
  duplex.on("error", () => {});
  return duplex;
}
