import type { JsonObject } from "./model/json.ts";
import type { InMemoryKubernetes } from "./server.ts";

/** A request as the tests of this folder write it. */
export interface Ask {
  readonly method?: string;
  readonly body?: unknown;
  readonly contentType?: string;
  readonly accept?: string;
  readonly token?: string;
  readonly signal?: AbortSignal;
}

/** Sends one request in process, without a socket. */
export function send(api: InMemoryKubernetes, path: string, ask: Ask = {}): Promise<Response> {
  const headers = new Headers({ "user-agent": "test/1" });
  if (ask.accept !== undefined) headers.set("accept", ask.accept);
  if (ask.token !== undefined) headers.set("authorization", `Bearer ${ask.token}`);
  const init: RequestInit = { method: ask.method ?? "GET", headers };
  if (ask.body !== undefined) {
    headers.set("content-type", ask.contentType ?? "application/json");
    init.body = typeof ask.body === "string" ? ask.body : JSON.stringify(ask.body);
  }
  if (ask.signal !== undefined) init.signal = ask.signal;
  return api.fetch(new Request(`http://kubernetes${path}`, init));
}

/** Sends one request and reads its JSON. */
export async function ask(
  api: InMemoryKubernetes,
  path: string,
  options: Ask = {},
): Promise<{ status: number; body: JsonObject }> {
  const response = await send(api, path, options);
  return { status: response.status, body: await response.json() };
}

/** As `ask`, for what must succeed. */
export async function askOk(
  api: InMemoryKubernetes,
  path: string,
  options: Ask = {},
): Promise<JsonObject> {
  const { status, body } = await ask(api, path, options);
  if (status >= 300) throw new Error(`${path} was answered ${status}: ${body.message}`);
  return body;
}

/** POSTs an object with this metadata and these fields to a collection. */
export function create(
  api: InMemoryKubernetes,
  collection: string,
  metadata: JsonObject,
  fields: JsonObject = {},
): Promise<JsonObject> {
  return askOk(api, collection, { method: "POST", body: { metadata, ...fields } });
}

/** One event of a watch, reduced to its type, the object's name and version. */
export type Seen = readonly [type: string, name: string, resourceVersion: string];

/** An open watch: what has come of it so far, and how it ended. */
export class OpenWatch {
  readonly events: { type: string; object: JsonObject }[] = [];
  /** Resolves to undefined when the stream ends, and to its error when it breaks. */
  readonly ended: Promise<unknown>;

  constructor(response: Response) {
    this.ended = this.#read(response.body!).then(() => undefined, (error: unknown) => error);
  }

  /** Opens a watch in process. */
  static async open(
    api: InMemoryKubernetes,
    path: string,
    options: Ask = {},
  ): Promise<OpenWatch> {
    return new OpenWatch(await send(api, path, options));
  }

  get seen(): Seen[] {
    return this.events.map(({ type, object }) => {
      const { name = "", resourceVersion = "" } = object.metadata as Record<string, string>;
      return [type, name, resourceVersion];
    });
  }

  /** Lets what has been written arrive. */
  async settle(): Promise<void> {
    for (let turn = 0; turn < 20; turn++) await Promise.resolve();
  }

  async #read(body: ReadableStream<Uint8Array>): Promise<void> {
    let rest = "";
    for await (const text of body.pipeThrough(new TextDecoderStream())) {
      const lines = (rest + text).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) this.events.push(JSON.parse(line));
    }
  }
}
