import type { ByteStream } from "./byte_stream.ts";

/** What a connection waits for: its request, its answer, or the client to take that. */
export type Phase = "reading" | "answering" | "sending";

/** One client's connection, from when it is accepted until it is closed. */
export class ClientConnection {
  phase: Phase = "reading";
  readonly stream: ByteStream;
  /** The client's address without a port. */
  readonly client: string;
  readonly closed: Promise<void>;
  readonly #close: () => void;

  constructor(stream: ByteStream, client: string) {
    this.stream = stream;
    this.client = client;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.closed = promise;
    this.#close = resolve;
  }

  /** Frees its socket. May be called again. */
  close(): void {
    this.stream.close();
    this.#close();
  }
}

/** From the first to go to the last. */
const ORDER: readonly Phase[] = ["reading", "sending", "answering"];

/**
 * The connections of a listener, of which there are never more than `most`. The newest always gets
 * a place. The client with the most connections loses one for it: the oldest of those that have not
 * sent their request. So a client with few, such as the kubelet, is heard however many another
 * opens.
 */
export class ClientConnections {
  readonly #open = new Set<ClientConnection>();
  readonly #most: number;

  constructor(most: number) {
    this.#most = most;
  }

  get size(): number {
    return this.#open.size;
  }

  add(connection: ClientConnection): void {
    this.#open.add(connection);
    if (this.#open.size > this.#most) this.close(this.#dispensable(connection));
  }

  close(connection: ClientConnection): void {
    this.#open.delete(connection);
    connection.close();
  }

  /** Closes those that are in one of the phases. */
  closeThose(phases: readonly Phase[]): void {
    for (const connection of this.#open) {
      if (phases.includes(connection.phase)) this.close(connection);
    }
  }

  /** Resolves when those that are open now have been closed. */
  async allClosed(): Promise<void> {
    await Promise.all([...this.#open].map(({ closed }) => closed));
  }

  #dispensable(newest: ClientConnection): ClientConnection {
    const counts = new Map<string, number>();
    for (const { client } of this.#open) counts.set(client, (counts.get(client) ?? 0) + 1);
    const most = Math.max(...counts.values());
    const candidates = [...this.#open].filter((each) =>
      each !== newest && counts.get(each.client) === most
    );
    // A sort keeps the order of age within a phase.
    return candidates.sort((a, b) => ORDER.indexOf(a.phase) - ORDER.indexOf(b.phase))[0] ?? newest;
  }
}
