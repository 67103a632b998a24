/** Where a relay listens: on any free port of loopback by default. */
const ANYWHERE = { hostname: "127.0.0.1", port: 0 };

/** Passes TCP connections on to a port of loopback, until it is told to swallow what comes. */
export class TcpRelay implements AsyncDisposable {
  readonly #listener: Deno.TcpListener;
  readonly #target: number;
  readonly #open = new Set<Deno.TcpConn>();
  readonly #accepting: Promise<void>;
  #cut = false;

  constructor(target: number, address = ANYWHERE) {
    this.#target = target;
    this.#listener = Deno.listen(address);
    this.#accepting = this.#accept();
  }

  get port(): number {
    return this.#listener.addr.port;
  }

  /** From now on nothing comes through, and nobody is told: as when a network breaks. */
  cut(): void {
    this.#cut = true;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#listener.close();
    await this.#accepting;
    for (const connection of this.#open) close(connection);
  }

  async #accept(): Promise<void> {
    for await (const near of this.#listener) {
      const far = await Deno.connect({ hostname: "127.0.0.1", port: this.#target });
      this.#pass(near, far);
      this.#pass(far, near);
    }
  }

  #pass(from: Deno.TcpConn, to: Deno.TcpConn): void {
    this.#open.add(from);
    const gate = new TransformStream<Uint8Array, Uint8Array>({
      transform: (chunk, controller) => {
        if (!this.#cut) controller.enqueue(chunk);
      },
    });
    from.readable.pipeThrough(gate).pipeTo(to.writable).catch(() => {
      // Either end may close at any time: then the other is closed too.
      close(from);
      close(to);
    });
  }
}

function close(connection: Deno.TcpConn): void {
  try {
    connection.close();
  } catch (error) {
    // It has been closed already.
    if (!(error instanceof Deno.errors.BadResource)) throw error;
  }
}
