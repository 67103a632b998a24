import type { CredentialRequest } from "../../../src/azure/credential_request.ts";
import type { Credential, Need } from "../../../src/azure/credentials.ts";
import type { AcrPullBinding } from "../../../src/controller/binding/api.ts";
import { APIS, type BindingApis } from "../../../src/controller/binding/apis.ts";
import { Cluster } from "../../../src/controller/cluster/cluster.ts";
import { keepSecret } from "../../../src/controller/cluster/cached_secret.ts";
import {
  keepServiceAccount,
  wholeOnly,
} from "../../../src/controller/cluster/cached_service_account.ts";
import type { Informers } from "../../../src/controller/informers.ts";
import { bindingKeeper } from "../../../src/controller/cluster/trim_binding.ts";
import { Executor } from "../../../src/controller/execute/executor.ts";
import { ServiceAccountWriter } from "../../../src/controller/execute/service_account_writer.ts";
import {
  secrets,
  type ServiceAccount,
  serviceAccounts,
} from "../../../src/kubernetes/resources/built_in.ts";
import { Informer, type KeptObject } from "../../../src/kubernetes/informer/informer.ts";
import {
  type KubernetesObject,
  type ListWatch,
  type Page,
  ResourceClient,
  type Stored,
  type WatchEvent,
} from "../../../src/kubernetes/resources/resource_client.ts";
import { optional } from "../../../src/runtime/optional.ts";
import { Redacted } from "../../../src/runtime/masking/redacted.ts";
import { encodeJwt } from "../../sandbox/azure/jwt.ts";
import { InMemoryKubernetes } from "../../sandbox/kubernetes/server.ts";
import { FakeTime } from "../kubernetes/fake_time.ts";
import { HOUR, SETTINGS } from "./builders.ts";
import { restOver } from "./rest.ts";

const FOLDER = new URL("../../../deploy/crds/", import.meta.url);
const CRDS = ["msi-acrpull.microsoft.com", "acrpull.microsoft.com"].map((group) =>
  Deno.readTextFileSync(new URL(`${group}_acrpullbindings.yaml`, FOLDER))
);

export const V1 = { apiVersion: "msi-acrpull.microsoft.com/v1beta1", kind: "AcrPullBinding" };
export const V2 = { apiVersion: "acrpull.microsoft.com/v1beta2", kind: "AcrPullBinding" };
const SECRET = { apiVersion: "v1", kind: "Secret" };
const ACCOUNT = { apiVersion: "v1", kind: "ServiceAccount" };
const LABEL = "acr.microsoft.com/binding";
export const NAMESPACE = "team-a";

/** One write that reached the API server. */
export interface Write {
  readonly request: string;
  readonly status: number;
}

/** A watch that tells of changes when the test says so, and a list of what it has told. */
class Feed<T extends KubernetesObject> implements ListWatch<T> {
  readonly #current: () => Stored<T>[];
  readonly #version: () => string;
  #told = new Map<string, Stored<T>>();
  #events: ReadableStreamDefaultController<WatchEvent<T>> | undefined;

  constructor(current: () => Stored<T>[], version: () => string) {
    this.#current = current;
    this.#version = version;
  }

  list(): Promise<Page<T>> {
    const items = this.#current();
    this.#told = byUid(items);
    return Promise.resolve({ items, resourceVersion: this.#version() });
  }

  watch(): Promise<ReadableStream<WatchEvent<T>>> {
    const start = (events: ReadableStreamDefaultController<WatchEvent<T>>) => {
      this.#events = events;
    };
    return Promise.resolve(new ReadableStream({ start }));
  }

  /** Tells of everything that has changed since. */
  flush(): void {
    const now = byUid(this.#current());
    for (const [uid, object] of this.#told) {
      if (now.has(uid)) continue;
      const metadata = { ...object.metadata, resourceVersion: this.#version() };
      this.#events?.enqueue({ type: "DELETED", object: { ...object, metadata } });
    }
    for (const [uid, object] of now) {
      const before = this.#told.get(uid)?.metadata.resourceVersion;
      if (before === object.metadata.resourceVersion) continue;
      this.#events?.enqueue({ type: before === undefined ? "ADDED" : "MODIFIED", object });
    }
    this.#told = now;
  }
}

function byUid<T extends KubernetesObject>(objects: readonly Stored<T>[]): Map<string, Stored<T>> {
  return new Map(objects.map((object) => [object.metadata.uid, object]));
}

/**
 * Executor and cluster over an API server in memory. The caches hear at once what the executor
 * itself writes, and of everything else on `sync`: until then others' writes are unseen, as with a
 * slow watch.
 */
export class Rig implements AsyncDisposable {
  readonly time = new FakeTime();
  readonly kube: InMemoryKubernetes;
  readonly informers: Informers;
  readonly cluster: Cluster;
  readonly executor: Executor;
  readonly minted: CredentialRequest[] = [];
  readonly needs: Need[] = [];
  readonly kept: [api: string, kept: boolean][] = [];
  /** Whether the schema says that conditions are kept. */
  keepsConditions = true;
  readonly otherAudiences: string[] = [];
  readonly writes: Write[] = [];
  readonly #feeds: Feed<KubernetesObject>[] = [];
  readonly #ended = new AbortController();
  #running: Promise<unknown> = Promise.resolve();
  /** What the next credentials lack of their scope. */
  lacking: readonly string[] | undefined;
  /** What the tokens of the next credentials claim besides. */
  claims: Readonly<Record<string, unknown>> = {};
  /** What minting does before it answers; throws to fail. */
  beforeMint: () => void | Promise<void> = () => {};
  /** Runs before each request reaches the server. */
  beforeRequest: (request: Request) => void | Promise<void> = () => {};
  /** Runs after the server has answered each request, before its answer reaches the executor. */
  afterRequest: (request: Request, response: Response) => void | Promise<void> = () => {};

  /** Answers in the place of the server, as an admission webhook does that denies. */
  admit: (request: Request) => Promise<Response | undefined> = () => Promise.resolve(undefined);

  constructor(readonly readsSecretsByName = false, apis: BindingApis = APIS) {
    const { clock } = this.time;
    this.kube = new InMemoryKubernetes({
      clock,
      crds: CRDS,
      namespaces: [NAMESPACE],
      garbageCollector: false,
    });
    const rest = restOver((request) => this.#answer(request), clock);
    const options = { fieldManager: "msi-acrpull-deno" };
    const clients = {
      bindings: new Map(
        apis.all.map(({ name, definition }) => [
          name,
          new ResourceClient<AcrPullBinding>(rest, definition, options),
        ]),
      ),
      secrets: secrets(rest, options),
      secretMetadata: secrets(rest, options).metadataOnly(),
      serviceAccounts: serviceAccounts(rest, options),
      serviceAccountMetadata: serviceAccounts(rest, options).metadataOnly(),
    };
    this.informers = {
      bindings: new Map(apis.all.map((api) => [
        api.name,
        this.#informer(
          { apiVersion: api.apiVersion, kind: api.definition.kind },
          bindingKeeper(api),
        ),
      ])),
      secrets: this.#informer(SECRET, (secret) => keepSecret(secret, apis)),
      serviceAccounts: this.#informer(ACCOUNT, (account) => keepServiceAccount(account, apis)),
    };
    this.cluster = new Cluster(apis, this.informers, SETTINGS);
    this.executor = new Executor({
      apis,
      clients,
      readsSecretsByName,
      caches: this.informers,
      serviceAccounts: new ServiceAccountWriter({
        apis,
        client: clients.serviceAccounts,
        cached: (namespace, name) => wholeOnly(this.informers.serviceAccounts.get(namespace, name)),
        observe: (account) => this.informers.serviceAccounts.observe(account),
        forget: (...account) => this.informers.serviceAccounts.forget(...account),
      }),
      clock,
      mint: (request, need) => {
        this.needs.push(need);
        return this.#mint(request);
      },
      conditionsKept: (api, kept) => {
        this.kept.push([api, kept]);
        return this.keepsConditions;
      },
      onOtherAudience: (_, audience) => void this.otherAudiences.push(audience),
    });
  }

  /** Fills the caches. */
  async start(): Promise<this> {
    const { bindings, secrets, serviceAccounts } = this.informers;
    const watched = this.readsSecretsByName ? [] : [secrets];
    const informers = [...bindings.values(), serviceAccounts, ...watched];
    const { signal } = this.#ended;
    this.#running = Promise.all(informers.map((informer) => informer.run(signal)));
    await Promise.all(informers.map((informer) => informer.whenSynced(signal)));
    return this;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#ended.abort();
    await this.#running;
  }

  /** The caches hear of everything as it is now. */
  async sync(): Promise<void> {
    for (const feed of this.#feeds) feed.flush();
    await this.time.pass(0);
  }

  /** Creates or replaces an object as somebody else, unseen by the caches. */
  apply(object: object): void {
    const { metadata, ...rest } = object as { metadata: object };
    this.kube.apply({ ...rest, metadata: { namespace: NAMESPACE, ...metadata } } as never, "user");
  }

  /** An object as the server has it. */
  get<T = KubernetesObject>(kind: typeof V1, name: string): T | undefined {
    return this.kube.get(kind, NAMESPACE, name) as T | undefined;
  }

  secret(name: string): Stored<KubernetesObject & { data: Record<string, string> }> | undefined {
    return this.get(SECRET, name);
  }

  account(name: string): ServiceAccount | undefined {
    return this.get(ACCOUNT, name);
  }

  /** Sends a request as somebody else would, unseen by the caches. */
  async send(method: string, path: string, body?: object): Promise<Response> {
    const contentType = method === "PATCH" ? "application/merge-patch+json" : "application/json";
    return await this.kube.fetch(
      new Request(`https://kubernetes.test${path}`, {
        method,
        headers: { "content-type": contentType, "user-agent": "kubectl/1.36" },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      }),
    );
  }

  #informer<T extends KubernetesObject, K extends KeptObject>(
    kind: typeof V1,
    keep: (object: Stored<T>, previous: K | undefined) => K,
  ): Informer<T, K> {
    const current = () => {
      const all = this.kube.list(kind, NAMESPACE) as unknown as Stored<T>[];
      return kind === SECRET
        ? all.filter(({ metadata }) => metadata.labels?.[LABEL] !== undefined)
        : all;
    };
    const resource = new Feed<T>(current, () => this.kube.resourceVersion);
    this.#feeds.push(resource as unknown as Feed<KubernetesObject>);
    return new Informer<T, K>({
      name: kind.kind,
      resource,
      clock: this.time.clock,
      random: () => 0.5,
      // Longer than any test: that is the informer's own matter.
      silentAfterMs: 9 * 24 * HOUR,
      keep,
      report: {
        callbackFailed: (error) => {
          throw error;
        },
      },
    });
  }

  async #answer(request: Request): Promise<Response> {
    await this.beforeRequest(request);
    const response = await this.admit(request.clone()) ?? await this.kube.fetch(request);
    await this.afterRequest(request, response);
    const path = new URL(request.url).pathname.split(`/namespaces/${NAMESPACE}/`)[1];
    if (request.method !== "GET") {
      this.writes.push({ request: `${request.method} ${path}`, status: response.status });
    }
    return response;
  }

  async #mint(request: CredentialRequest): Promise<Credential> {
    await this.beforeMint();
    this.minted.push(request);
    const mintedAt = this.time.clock.now();
    const expiresAt = mintedAt + 3 * HOUR;
    const times = { iat: mintedAt / 1000, exp: expiresAt / 1000 };
    const claims = { aud: request.server, ...times, ...this.claims };
    const password = new Redacted(encodeJwt({ ...claims, jti: String(this.minted.length) }));
    return { password, mintedAt, expiresAt, ...optional("lacking", this.lacking) };
  }
}
