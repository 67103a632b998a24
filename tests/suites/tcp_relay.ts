/** Where a relay listens: on any free port of loopback by default. */
const ANYWHERE = { hostname: "127.0.0.1", port: 0 };

/** One direction of a connection. */
interface Gate {
  closed: boolean;
}

/** Where connections are passed on to. */
export interface RelayTarget {
  readonly hostname: string;
  readonly port: number;
}

/** Passes TCP connections on to a port, of loopback unless told, until it is told to swallow what comes. */
export class TcpRelay implements AsyncDisposable {
  readonly #listener: Deno.TcpListener;
  readonly #open = new Set<Deno.TcpConn>();
  readonly #gates = new Set<Gate>();
  readonly #accepting: Promise<void>;
  #target: RelayTarget;
  #cut = false;
  #accepted = 0;

  constructor(target: number | RelayTarget, address = ANYWHERE) {
    this.#target = typeof target === "number" ? { ...ANYWHERE, port: target } : target;
    this.#listener = Deno.listen(address);
    this.#accepting = this.#accept();
  }

  get port(): number {
    return this.#listener.addr.port;
  }

  /** How many connections were opened so far. */
  get accepted(): number {
    return this.#accepted;
  }

  /** What is opened from now on leads to another port. */
  retarget(port: number): void {
    this.#target = { ...this.#target, port };
  }

  /** Nothing comes through the connections of now any more, and nobody is told; later ones work. */
  silence(): void {
    for (const gate of this.#gates) gate.closed = true;
  }

  /** Breaks off the connections of now. */
  breakOff(): void {
    for (const connection of this.#open) close(connection);
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
      this.#accepted++;
      const far = await Deno.connect(this.#target);
      this.#pass(near, far);
      this.#pass(far, near);
    }
  }

  #pass(from: Deno.TcpConn, to: Deno.TcpConn): void {
    this.#open.add(from);
    const gate = { closed: false };
    this.#gates.add(gate);
    const through = new TransformStream<Uint8Array, Uint8Array>({
      transform: (chunk, controller) => {
        if (!this.#cut && !gate.closed) controller.enqueue(chunk);
      },
    });
    from.readable.pipeThrough(through).pipeTo(to.writable).catch(() => {
      // Either end may close at any time: then the other is closed too.
      close(from);
      close(to);
    }).finally(() => {
      this.#gates.delete(gate);
      this.#open.delete(from);
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
