import type { Redacted } from "../../runtime/masking/redacted.ts";

/** A client certificate in PEM, and its key. */
export interface ClientCertificate {
  readonly certificate: string;
  readonly key: Redacted;
}

/** What proves who we are. Both may be absent: the server then sees an anonymous caller. */
export interface ClusterCredentials {
  /** The whole value of the Authorization header. */
  readonly authorization?: Redacted;
  /** From an exec plugin. It takes the place of the one in `TlsMaterial`. */
  readonly clientCertificate?: ClientCertificate;
}

/** Hands out credentials and keeps them fresh. */
export interface CredentialsProvider {
  /** Credentials that are valid now. Rejects with `ConfigError`, or the signal's reason. */
  get(signal?: AbortSignal): Promise<ClusterCredentials>;
  /** The server refused `used`: the next `get` fetches new ones, unless that has happened since. */
  invalidate(used: ClusterCredentials): void;
  /** Ends a plugin that is running. */
  close?(): void;
}

/** The PEM texts that a connection needs. */
export interface TlsMaterial {
  /** Trusted in addition to Deno's own roots. */
  readonly caCerts: readonly string[];
  readonly clientCertificate?: ClientCertificate;
  /** Where the texts came from, for messages: file or kubeconfig entry, with the field. */
  readonly caSource?: string;
  readonly clientCertificateSource?: string;
}

/** The proxy that a cluster entry names; NO_PROXY takes precedence over it in Deno. */
export interface ClusterProxy {
  readonly url: string;
  readonly basicAuth?: { readonly username: string; readonly password: Redacted };
}

/** All that a transport has to know of one API server. */
export interface ResolvedCluster {
  /** Where this came from, for messages: `in-cluster` or `kubeconfig FILE, context NAME`. */
  readonly origin: string;
  /** Base URL, without a slash at its end; a path in it is kept before each request's. */
  readonly server: string;
  /** The namespace of the pod or of the context. */
  readonly defaultNamespace: string | undefined;
  readonly credentials: CredentialsProvider;
  /** Reads the files anew each time, so that a renewed client sees renewed certificates. */
  tls(): Promise<TlsMaterial>;
  /** The server is on the pod's own network, where no proxy of the environment leads. */
  readonly inCluster: boolean;
  readonly proxy?: ClusterProxy;
}
