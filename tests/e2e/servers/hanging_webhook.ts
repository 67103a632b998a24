import { CertificateAuthority } from "./certificates.ts";
import type { ControlPlane } from "./control_plane.ts";

const PATH = "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations";

/** The longest that an API server lets a webhook have. */
const TIMEOUT_SECONDS = 30;

/** A validating webhook that takes every call and never answers. */
export class HangingWebhook implements AsyncDisposable {
  readonly #plane: ControlPlane;
  readonly #name: string;
  readonly #listener: Deno.TlsListener;
  readonly #connections = new Set<Deno.TlsConn>();
  readonly #serving: Promise<void>;

  private constructor(plane: ControlPlane, name: string, listener: Deno.TlsListener) {
    this.#plane = plane;
    this.#name = name;
    this.#listener = listener;
    this.#serving = this.#serve();
  }

  /** Has updates of ServiceAccounts in that namespace meet it, until it is disposed of. */
  static async install(plane: ControlPlane, namespace: string): Promise<HangingWebhook> {
    const authority = await CertificateAuthority.create("hanging webhook");
    const hostname = "127.0.0.1";
    const pair = await authority.issueServer({ dns: [], ip: [hostname] });
    const listener = Deno.listenTls({
      hostname,
      port: 0,
      cert: pair.publicPem,
      key: pair.privatePem,
    });
    const name = `hangs.${namespace}.example.com`;
    const webhook = new HangingWebhook(plane, name, listener);
    await webhook.#register(namespace, authority.pem);
    return webhook;
  }

  /** Calls that hang. */
  get underWay(): number {
    return this.#connections.size;
  }

  async #register(namespace: string, authority: string): Promise<void> {
    const response = await this.#plane.adminFetch(PATH, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({
        apiVersion: "admissionregistration.k8s.io/v1",
        kind: "ValidatingWebhookConfiguration",
        metadata: { name: this.#name },
        webhooks: [{
          name: this.#name,
          clientConfig: {
            url: `https://127.0.0.1:${this.#listener.addr.port}/`,
            caBundle: btoa(authority),
          },
          rules: [{
            apiGroups: [""],
            apiVersions: ["v1"],
            resources: ["serviceaccounts"],
            operations: ["UPDATE"],
          }],
          namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": namespace } },
          failurePolicy: "Fail",
          sideEffects: "None",
          admissionReviewVersions: ["v1"],
          timeoutSeconds: TIMEOUT_SECONDS,
        }],
      }),
    });
    if (!response.ok) throw new Error(`${response.url}: ${await response.text()}`);
    await response.body?.cancel();
  }

  async #serve(): Promise<void> {
    const reading: Promise<void>[] = [];
    for await (const connection of this.#listener) reading.push(this.#read(connection));
    await Promise.all(reading);
  }

  /** Reads until the API server gives up. */
  async #read(connection: Deno.TlsConn): Promise<void> {
    this.#connections.add(connection);
    const buffer = new Uint8Array(4096);
    try {
      while (await connection.read(buffer) !== null);
    } catch {
      // A connection that breaks is as good as one that ends.
    } finally {
      this.#connections.delete(connection);
      try {
        connection.close();
      } catch {
        // Closed already.
      }
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const response = await this.#plane.adminFetch(`${PATH}/${this.#name}`, { method: "DELETE" });
    await response.body?.cancel();
    this.#listener.close();
    for (const connection of this.#connections) connection.close();
    await this.#serving;
  }
}
