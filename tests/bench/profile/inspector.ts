/** V8's inspector in another process, by the Chrome DevTools Protocol over a WebSocket. */
export class Inspector implements Disposable {
  readonly #socket: WebSocket;
  readonly #pending = new Map<number, PromiseWithResolvers<unknown>>();
  #calls = 0;

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.onmessage = ({ data }) => this.#settle(JSON.parse(data) as Answer);
    socket.onclose = () => {
      for (const { reject } of this.#pending.values()) reject(new Error("the inspector is gone"));
    };
  }

  /** Connects to one that listens on a port of this machine, as soon as it does. */
  static async connect(port: number, withinMs: number): Promise<Inspector> {
    const deadline = performance.now() + withinMs;
    for (;;) {
      try {
        const response = await fetch(`http://127.0.0.1:${port}/json/list`);
        const [target] = await response.json() as { webSocketDebuggerUrl: string }[];
        if (target !== undefined) return new Inspector(await opened(target.webSocketDebuggerUrl));
      } catch (error) {
        if (performance.now() > deadline) {
          throw new Error(`no inspector answers on port ${port}`, { cause: error });
        }
      }
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  /** Calls a method and answers its result. Rejects with the inspector's own error. */
  async call(method: string, params: Readonly<Record<string, unknown>> = {}): Promise<unknown> {
    const id = ++this.#calls;
    const answer = Promise.withResolvers<unknown>();
    this.#pending.set(id, answer);
    this.#socket.send(JSON.stringify({ id, method, params }));
    return await answer.promise;
  }

  [Symbol.dispose](): void {
    this.#socket.close();
  }

  /** Events carry no id; nobody here waits for one. */
  #settle({ id, result, error }: Answer): void {
    if (id === undefined) return;
    const answer = this.#pending.get(id);
    this.#pending.delete(id);
    if (error === undefined) answer?.resolve(result);
    else answer?.reject(new Error(`the inspector refuses: ${error.message}`));
  }
}

interface Answer {
  readonly id?: number;
  readonly result?: unknown;
  readonly error?: { readonly message: string };
}

function opened(url: string): Promise<WebSocket> {
  const { promise, resolve, reject } = Promise.withResolvers<WebSocket>();
  const socket = new WebSocket(url);
  socket.onopen = () => resolve(socket);
  socket.onerror = () => reject(new Error(`${url} does not open`));
  return promise;
}
