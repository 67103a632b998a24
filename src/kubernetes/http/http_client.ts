import { ConfigError } from "../config/errors.ts";
import type { ClientCertificate, ResolvedCluster, TlsMaterial } from "../config/types.ts";

/** Options of Deno.createHttpClient, with or without a client certificate. */
export type HttpClientOptions =
  | Deno.CreateHttpClientOptions
  | (Deno.CreateHttpClientOptions & Deno.TlsCertifiedKeyPem);

/** Deno.createHttpClient, or what a test puts in its place. */
export type HttpClientFactory = (options: HttpClientOptions) => Deno.HttpClient;

/** The right to use a client until `release`. */
export interface HttpClientLease {
  readonly client: Deno.HttpClient;
  /** Ends the use. More than one call is harmless. */
  release(): void;
  /** Marks this very client as not to be used again; a newer one stays. */
  retire(): void;
}

interface Entry {
  readonly client: Promise<Deno.HttpClient>;
  /** Set once it is there, so that it can be closed without waiting. */
  built: Deno.HttpClient | undefined;
  readonly certificate: ClientCertificate | undefined;
  users: number;
  retired: boolean;
}

/**
 * Holds the one HttpClient (a pool of connections) to an API server and replaces it on demand.
 *
 * A pooled HTTP/2 connection whose peer has vanished without a word takes every later request and
 * answers none; the pool cannot be told to drop it, so the whole client is replaced. The old one
 * is closed when the last of its requests has ended.
 */
export class HttpClientSlot {
  readonly #cluster: ResolvedCluster;
  readonly #create: HttpClientFactory;
  #entry: Entry | undefined;
  #closed = false;

  constructor(cluster: ResolvedCluster, create: HttpClientFactory) {
    this.#cluster = cluster;
    this.#create = create;
  }

  /**
   * The current client, made first if need be. Another `certificate` than the current client's
   * means another client. Rejects with `ConfigError` when the TLS material is unusable.
   */
  async acquire(certificate?: ClientCertificate): Promise<HttpClientLease> {
    if (this.#closed) throw new Error(`the client for ${this.#cluster.server} is closed`);
    if (this.#entry?.certificate !== certificate) this.renew();
    const entry = this.#entry ??= this.#open(certificate);
    // Counted before the wait, or a renewal in between would close the client under us.
    entry.users++;
    try {
      entry.built = await entry.client;
      return this.#lease(entry, entry.built);
    } catch (error) {
      this.#retire(entry);
      throw error;
    }
  }

  /** The next request gets a new client with certificates read anew. */
  renew(): void {
    if (this.#entry) this.#retire(this.#entry);
  }

  /** No further request; the client is closed when those under way have ended. */
  close(): void {
    this.#closed = true;
    this.renew();
  }

  #open(certificate: ClientCertificate | undefined): Entry {
    const client = this.#build(certificate);
    return { client, built: undefined, certificate, users: 0, retired: false };
  }

  async #build(certificate: ClientCertificate | undefined): Promise<Deno.HttpClient> {
    const tls = await this.#cluster.tls();
    const own = certificate ? { ...tls, clientCertificate: certificate } : tls;
    try {
      return this.#create(httpClientOptions(this.#cluster, own));
    } catch (error) {
      throw this.#unusable(own, error);
    }
  }

  #lease(entry: Entry, client: Deno.HttpClient): HttpClientLease {
    let released = false;
    return {
      client,
      release: () => {
        if (released) return;
        released = true;
        entry.users--;
        if (entry.retired && entry.users === 0) client.close();
      },
      retire: () => this.#retire(entry),
    };
  }

  #retire(entry: Entry): void {
    if (this.#entry === entry) this.#entry = undefined;
    if (entry.retired) return;
    entry.retired = true;
    // Whoever made the entry counts as its user until it is built: without users it is, or failed.
    if (entry.users === 0) entry.built?.close();
  }

  /** Says which of the PEM texts is at fault, by trying the CA alone. */
  #unusable(tls: TlsMaterial, error: unknown): ConfigError {
    let part = tls.clientCertificateSource ?? "the client certificate or its key";
    if (tls.clientCertificate === undefined || !this.#accepts({ caCerts: [...tls.caCerts] })) {
      part = tls.caSource ?? "the certificate authority";
    }
    const why = error instanceof Error ? error.message : String(error);
    return new ConfigError(`${part} cannot be used: ${why}; it must be in PEM format`, {
      cause: error,
    });
  }

  #accepts(options: HttpClientOptions): boolean {
    try {
      this.#create(options).close();
      return true;
    } catch {
      return false;
    }
  }
}

/** What Deno.createHttpClient is told for `cluster`. */
export function httpClientOptions(cluster: ResolvedCluster, tls: TlsMaterial): HttpClientOptions {
  const options: Deno.CreateHttpClientOptions = { caCerts: [...tls.caCerts] };
  if (cluster.proxy) {
    const { url, basicAuth } = cluster.proxy;
    options.proxy = basicAuth
      ? {
        url,
        basicAuth: { username: basicAuth.username, password: basicAuth.password.reveal() },
      }
      : { url };
  }
  if (!tls.clientCertificate) return options;
  const { certificate, key } = tls.clientCertificate;
  return { ...options, cert: certificate, key: key.reveal() };
}
