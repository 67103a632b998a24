import type { Served } from "./front.ts";

type InnerServer = Deno.HttpServer<Deno.NetAddr>;

/** Also of a host whose name it cannot resolve. */
const REFUSAL = "HTTP/1.1 502 Bad Gateway\r\n\r\n";

/** A request head longer than this is no CONNECT of an HTTP client. */
const LONGEST_HEAD = 16 * 1024;

/**
 * An HTTP proxy that knows CONNECT alone (RFC 9110 section 9.3.6). Every host that the fake serves
 * gets a TLS server of its own at its first tunnel; any other host is refused, and reported unless it
 * is a name that DNS lacks.
 */
export class ConnectProxy {
  readonly #azure: Served;
  readonly #listener: Deno.TcpListener;
  readonly #startServer: (host: string) => Promise<InnerServer>;
  readonly #servers = new Map<string, Promise<InnerServer>>();
  readonly #connections = new Set<Deno.Conn>();
  readonly #work = new Set<Promise<void>>();
  readonly #accepting: Promise<void>;

  constructor(
    azure: Served,
    hostname: string,
    port: number,
    startServer: (host: string) => Promise<InnerServer>,
  ) {
    this.#azure = azure;
    this.#startServer = startServer;
    this.#listener = Deno.listen({ hostname, port });
    this.#accepting = this.#accept();
  }

  get port(): number {
    return this.#listener.addr.port;
  }

  /** Breaks off every tunnel and waits for the servers, which their own signal has ended. */
  async close(): Promise<void> {
    this.#listener.close();
    await this.#accepting;
    for (const connection of this.#connections) closeQuietly(connection);
    await Promise.all(this.#work);
    // One that did not start has been reported by the tunnel that wanted it.
    await Promise.allSettled([...this.#servers.values()].map(async (s) => (await s).finished));
  }

  async #accept(): Promise<void> {
    try {
      for await (const connection of this.#listener) this.#track(this.#serve(connection));
    } catch (error) {
      if (!(error instanceof Deno.errors.BadResource)) throw error;
    }
  }

  #track(serving: Promise<void>): void {
    const work = serving
      .catch((error) => this.#azure.reportViolation(`proxy: ${String(error)}`))
      .finally(() => this.#work.delete(work));
    this.#work.add(work);
  }

  async #serve(client: Deno.Conn): Promise<void> {
    this.#connections.add(client);
    try {
      const head = await readHead(client);
      if (head === undefined) return;
      const host = this.#tunnelHost(head.text);
      if (host === undefined) return await write(client, REFUSAL);
      const server = await this.#server(host);
      await this.#tunnel(client, server.addr.port, head.rest);
    } catch (error) {
      if (!isDisconnect(error)) throw error;
    } finally {
      closeQuietly(client);
      this.#connections.delete(client);
    }
  }

  async #tunnel(client: Deno.Conn, port: number, early: Uint8Array): Promise<void> {
    const inner = await Deno.connect({ hostname: "127.0.0.1", port });
    this.#connections.add(inner);
    try {
      await write(client, "HTTP/1.1 200 Connection Established\r\n\r\n");
      await writeAll(inner, early);
      await Promise.all([pipe(client, inner), pipe(inner, client)]);
    } finally {
      closeQuietly(inner);
      this.#connections.delete(inner);
    }
  }

  /** The host of a CONNECT that is served; what nobody should have sent is reported. */
  #tunnelHost(head: string): string | undefined {
    const [method, target] = head.split("\r\n", 1)[0]!.split(" ");
    const host = target?.endsWith(":443") ? target.slice(0, -":443".length).toLowerCase() : "";
    if (method === "CONNECT" && this.#azure.serves(host)) return host;
    if (method === "CONNECT" && this.#azure.lacks(host)) return undefined;
    // An absolute URL may carry a query, and a query may carry anything.
    this.#azure.reportUnexpected(`${method} ${target?.split("?", 1)[0]} through the proxy`);
    return undefined;
  }

  #server(host: string): Promise<InnerServer> {
    const started = this.#servers.get(host) ?? this.#startServer(host);
    this.#servers.set(host, started);
    return started;
  }
}

/** Reads up to the empty line that ends a request's head; undefined where none comes. */
async function readHead(
  connection: Deno.Conn,
): Promise<{ text: string; rest: Uint8Array } | undefined> {
  let read = new Uint8Array();
  while (read.length < LONGEST_HEAD) {
    const chunk = new Uint8Array(4096);
    const size = await connection.read(chunk);
    if (size === null) return undefined;
    const joined = new Uint8Array(read.length + size);
    joined.set(read);
    joined.set(chunk.subarray(0, size), read.length);
    read = joined;
    const text = new TextDecoder("latin1").decode(read);
    const end = text.indexOf("\r\n\r\n");
    if (end >= 0) return { text: text.slice(0, end), rest: read.slice(end + 4) };
  }
  return undefined;
}

/** Copies one direction of a tunnel; once either side is gone, so is the other. */
async function pipe(from: Deno.Conn, to: Deno.Conn): Promise<void> {
  const buffer = new Uint8Array(32 * 1024);
  try {
    for (let size = await from.read(buffer); size !== null; size = await from.read(buffer)) {
      await writeAll(to, buffer.subarray(0, size));
    }
  } catch (error) {
    if (!isDisconnect(error)) throw error;
  } finally {
    closeQuietly(from);
    closeQuietly(to);
  }
}

async function write(connection: Deno.Conn, text: string): Promise<void> {
  await writeAll(connection, new TextEncoder().encode(text));
}

async function writeAll(connection: Deno.Conn, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length;) at += await connection.write(bytes.subarray(at));
}

/** Closing twice is no fault: both directions of a tunnel end both connections. */
function closeQuietly(connection: Deno.Conn): void {
  try {
    connection.close();
  } catch (error) {
    if (!isDisconnect(error)) throw error;
  }
}

function isDisconnect(error: unknown): boolean {
  return error instanceof Deno.errors.BadResource ||
    error instanceof Deno.errors.BrokenPipe ||
    error instanceof Deno.errors.ConnectionReset ||
    error instanceof Deno.errors.ConnectionAborted ||
    error instanceof Deno.errors.ConnectionRefused ||
    error instanceof Deno.errors.NotConnected ||
    error instanceof Deno.errors.Interrupted ||
    error instanceof Deno.errors.UnexpectedEof;
}
