import type { PemPair } from "./certificates.ts";

/** Talks to the API server as its administrator, for what tests prepare and look at. */
export class AdminClient implements Disposable {
  readonly #url: string;
  readonly #client: Deno.HttpClient;

  constructor(url: string, caPem: string, identity: PemPair) {
    this.#url = url;
    bypassProxies(new URL(url).hostname);
    this.#client = Deno.createHttpClient({
      caCerts: [caPem],
      cert: identity.publicPem,
      key: identity.privatePem,
    });
  }

  /** As the global fetch, with a path in place of the URL. The caller consumes the body. */
  fetch(path: string, init: RequestInit = {}): Promise<Response> {
    return fetch(new URL(path, this.#url), { ...init, client: this.#client });
  }

  /**
   * Posts an object and answers the one that the server made of it.
   *
   * @throws {Error} with the server's own message on any status but 2xx.
   */
  async create<T>(path: string, object: unknown): Promise<T> {
    const response = await this.fetch(path, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(object),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`POST ${path} answered ${response.status}: ${text}`);
    return JSON.parse(text);
  }

  /** Closes the connections. */
  [Symbol.dispose](): void {
    this.#client.close();
  }
}

/** fetch and the programs that the tests start would send even loopback through HTTPS_PROXY. */
function bypassProxies(host: string): void {
  const hosts = (Deno.env.get("NO_PROXY") ?? Deno.env.get("no_proxy") ?? "").split(",");
  if (hosts.includes(host)) return;
  Deno.env.set("NO_PROXY", [...hosts.filter(Boolean), host].join(","));
}
