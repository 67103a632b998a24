import { parseAllDocuments } from "yaml";
import { type Controller, settle } from "./controllers/controllers.ts";
import { DefinitionController } from "./controllers/definitions.ts";
import { GarbageCollector } from "./controllers/garbage_collector.ts";
import { NamespaceController, ServiceAccountController } from "./controllers/namespaces.ts";
import { Core } from "./core.ts";
import { type Attributes, attributesOf } from "./http/attributes.ts";
import { contentType } from "./http/body.ts";
import {
  cutInHalf,
  type Fault,
  type FaultAction,
  FaultQueue,
  faultResponse,
  fits,
  type RequestMatch,
} from "./http/faults.ts";
import { type RecordedRequest, Recorder } from "./http/recorder.ts";
import { answerDocument } from "./http/routes.ts";
import { ApiError, forbidden, unknownResource } from "./model/errors.ts";
import { isObject, type JsonObject } from "./model/json.ts";
import type { KubeObject } from "./model/object.ts";
import type { ResourceType } from "./model/resource.ts";
import {
  type CompleteOptions,
  completeOptions,
  DEFAULT_USER,
  type KubernetesOptions,
} from "./options.ts";
import { dispatch, type VerbSettings } from "./verbs/dispatch.ts";
import { subjectOf } from "./verbs/token_request.ts";
import type { RunningWatch, WatchEnd } from "./verbs/watch.ts";

const SYSTEM_NAMESPACES = ["default", "kube-node-lease", "kube-public", "kube-system"];

/**
 * A Kubernetes API server in memory, as a function from Request to Response. It speaks the wire of
 * Kubernetes 1.36: real kubectl drives it, and clients cannot tell it from kube-apiserver in what
 * it serves. `listen` of listen.ts puts it behind a socket.
 */
export class InMemoryKubernetes {
  readonly #options: CompleteOptions;
  readonly #authenticate: (token: string | undefined) => string | undefined;
  readonly #core: Core;
  readonly #controllers: Controller[];
  readonly #recorder = new Recorder();
  readonly #faults = new FaultQueue();
  readonly #running = new Set<RunningWatch>();
  readonly #closed = new AbortController();
  readonly #settings: VerbSettings;

  constructor(options: KubernetesOptions = {}) {
    this.#options = completeOptions(options);
    this.#authenticate = options.authenticate ??
      ((token) => (token === undefined ? undefined : subjectOf(token)) ?? DEFAULT_USER);
    this.#core = new Core(this.#options);
    this.#controllers = makeControllers(this.#core, this.#options);
    this.#settings = {
      bookmarkIntervalMs: this.#options.bookmarkIntervalMs,
      running: this.#running,
      issuer: this.#options.issuer,
      defaultAudience: this.#options.issuer,
    };
    for (const name of new Set([...SYSTEM_NAMESPACES, ...this.#options.namespaces])) {
      this.apply({ apiVersion: "v1", kind: "Namespace", metadata: { name } });
    }
    for (const manifest of this.#options.crds) this.apply(manifest);
  }

  /**
   * Answers one request. `signal` is the client's: when it aborts, the request's watch breaks off.
   * Rejects, as fetch does, for a connection that an injected fault closes, and when `signal`
   * aborts while the request hangs.
   */
  async fetch(request: Request, signal: AbortSignal = request.signal): Promise<Response> {
    signal.throwIfAborted();
    const url = new URL(request.url);
    const attributes = attributesOf(request.method, url);
    const recorded = this.#recorder.record(request, url, attributes);
    const action = this.#faults.take(attributes);
    if (action === "hang") return await this.#hang(signal);
    if (action === "close-connection") throw new TypeError("connection closed before an answer");
    const body = await request.text();
    const response = typeof action === "object"
      ? faultResponse(action)
      : this.#answer({ request, url, attributes, body, signal }, recorded);
    recorded.status = response.status;
    return await this.#spoil(response, action);
  }

  /** Makes the next matching requests fail. */
  inject(fault: Fault): void {
    this.#faults.add(fault);
  }

  /** Forgets the faults that no request has met. */
  clearFaults(): void {
    this.#faults.clear();
  }

  /**
   * Ends the running watches that match: cleanly, by a broken connection, or so that nothing comes
   * any more while the connection stands. Answers how many.
   */
  disturbWatches(how: WatchEnd, match: RequestMatch = {}): number {
    const hit = [...this.#running].filter(({ call }) => fits(match, call.attributes));
    for (const watch of hit) watch.stop(how);
    return hit.length;
  }

  /** Number of watches that run. */
  get watchCount(): number {
    return this.#running.size;
  }

  /** Every request so far, oldest first. */
  requests(): readonly RecordedRequest[] {
    return this.#recorder.requests;
  }

  /** How often each `verb resource[/subresource]` was asked for. */
  counts(): Map<string, number> {
    return this.#recorder.counts();
  }

  /** Forgets the recorded requests, the unexpected ones too. */
  clearRequests(): void {
    this.#recorder.clear();
  }

  /** Throws when a request came that `allow` refused, or to a path that does not exist. */
  assertNoUnexpected(): void {
    this.#recorder.assertNoUnexpected();
  }

  /** Forgets all history: watches from before now, and pages begun before now, answer 410. */
  compact(): void {
    this.#core.store.compact();
  }

  /** The latest resourceVersion. */
  get resourceVersion(): string {
    return String(this.#core.store.revision);
  }

  /** A copy of one object as stored, without a request being recorded. */
  get(kind: ObjectKind, namespace: string, name: string): KubeObject | undefined {
    const type = this.#type(kind);
    const object = this.#core.store.get(type, { namespace, name });
    return object === undefined ? undefined : structuredClone(object);
  }

  /** Copies of the objects of one kind, in one namespace or in all. */
  list(kind: ObjectKind, namespace?: string): KubeObject[] {
    const type = this.#type(kind);
    return structuredClone(this.#core.store.collection(type).list(namespace));
  }

  /**
   * Creates the objects of a manifest, or replaces them, without a request being recorded. Faults,
   * `allow` and authorization do not apply; validation does, and throws ApiError.
   */
  apply(manifest: string | JsonObject): KubeObject[] {
    const documents = typeof manifest === "string"
      ? parseAllDocuments(manifest).map((document) => document.toJS() as unknown)
      : [manifest];
    return documents.filter(isObject).map((document) => this.#applyOne(document));
  }

  /** Ends every watch and every hanging request. Later requests are answered 503. */
  close(): void {
    this.#closed.abort(new TypeError("the API server has been closed"));
    this.disturbWatches("end");
  }

  #applyOne(document: JsonObject): KubeObject {
    const { apiVersion, kind, metadata } = document;
    const type = this.#core.registry.ofKind(String(apiVersion), String(kind));
    if (type === undefined) throw new Error(`no resource is served for ${apiVersion} ${kind}`);
    const meta = isObject(metadata) ? metadata : {};
    const namespace = type.namespaced ? String(meta.namespace ?? "default") : "";
    const name = String(meta.name ?? "");
    const old = this.#core.store.get(type, { namespace, name });
    const path = objectPath(type, namespace, old === undefined ? "" : name);
    const version = old?.metadata.resourceVersion;
    const body = old === undefined
      ? document
      : { ...document, metadata: { ...meta, ...(version === undefined ? {} : { resourceVersion: version }) } };
    const method = old === undefined ? "POST" : "PUT";
    const request = new Request(`http://in-memory${path}`, { method });
    const url = new URL(request.url);
    const attributes = attributesOf(method, url);
    const { signal } = this.#closed;
    this.#resource({ request, url, attributes, body: JSON.stringify(body), signal });
    settle(this.#core, this.#controllers);
    return structuredClone(this.#core.store.get(type, { namespace, name })!);
  }

  #type(kind: ObjectKind): ResourceType {
    const type = this.#core.registry.ofKind(kind.apiVersion, kind.kind);
    if (type === undefined) {
      throw new Error(`no resource is served for ${kind.apiVersion} ${kind.kind}`);
    }
    return type;
  }

  #answer(asked: Asked, recorded: RecordedRequest): Response {
    try {
      this.#admit(asked, recorded);
      const document = asked.attributes.resource === ""
        ? answerDocument(this.#core, asked.request, asked.url, this.#options.version)
        : this.#resource(asked);
      settle(this.#core, this.#controllers);
      return document ?? this.#unknownPath(recorded);
    } catch (error) {
      if (error instanceof ApiError) return errorResponse(error);
      throw error;
    }
  }

  #admit({ request, attributes }: Asked, recorded: RecordedRequest): void {
    if (this.#closed.signal.aborted) {
      throw new ApiError(503, "ServiceUnavailable", "the API server has been closed");
    }
    const token = /^Bearer\s+(.+)$/i.exec(request.headers.get("authorization") ?? "")?.[1];
    const user = this.#authenticate(token);
    if (user === undefined) throw new ApiError(401, "Unauthorized", "Unauthorized");
    recorded.user = user;
    const asked = { ...attributes, user };
    if (!this.#options.allow(asked)) {
      this.#recorder.unexpected.push(recorded);
      const call = `${request.method} ${attributes.path}`;
      throw new ApiError(501, "NotImplemented", `unexpected call in this test: ${call}`);
    }
    const verdict = this.#options.authorize(asked);
    if (verdict !== true) throw refuse(attributes, user, verdict === false ? "" : verdict);
  }

  #resource({ request, url, attributes, body, signal }: Asked): Response | undefined {
    const { group, version, resource } = attributes;
    const type = this.#core.registry.find(group, version, resource);
    if (type === undefined) {
      if (group === "" && version === "v1") throw unknownResource();
      return undefined;
    }
    const call = {
      attributes,
      type,
      url,
      accept: request.headers.get("accept"),
      contentType: contentType(request),
      userAgent: request.headers.get("user-agent") ?? "",
      body,
      signal,
      warnings: [],
    };
    return dispatch(this.#core, call, this.#settings);
  }

  #unknownPath(recorded: RecordedRequest): Response {
    this.#recorder.unexpected.push(recorded);
    const headers = { "content-type": "text/plain; charset=utf-8" };
    return new Response("404 page not found\n", { status: 404, headers });
  }

  #hang(client: AbortSignal): Promise<Response> {
    const signal = AbortSignal.any([client, this.#closed.signal]);
    return new Promise((_, reject) => {
      const onAbort = () => reject(signal.reason);
      if (signal.aborted) onAbort();
      else signal.addEventListener("abort", onAbort, { once: true });
    });
  }

  async #spoil(response: Response, action: FaultAction | undefined): Promise<Response> {
    if (action === "cut-body") return await cutInHalf(response);
    if (action !== "lose-response") return response;
    await response.body?.cancel();
    throw new TypeError("connection closed after the request took effect");
  }
}

/** A request taken apart, with its body read. */
interface Asked {
  readonly request: Request;
  readonly url: URL;
  readonly attributes: Attributes;
  readonly body: string;
  readonly signal: AbortSignal;
}

/** A kind in one version. */
export interface ObjectKind {
  readonly apiVersion: string;
  readonly kind: string;
}

function makeControllers(core: Core, options: CompleteOptions): Controller[] {
  return [
    new DefinitionController(core),
    ...(options.namespaceController ? [new NamespaceController(core)] : []),
    ...(options.autoServiceAccount ? [new ServiceAccountController(core)] : []),
    ...(options.garbageCollector ? [new GarbageCollector(core)] : []),
  ];
}

function objectPath(type: ResourceType, namespace: string, name: string): string {
  const base = type.group === "" ? `/api/${type.version}` : `/apis/${type.group}/${type.version}`;
  const scope = type.namespaced ? `/namespaces/${namespace}` : "";
  return `${base}${scope}/${type.plural}${name === "" ? "" : `/${name}`}`;
}

function errorResponse(error: ApiError): Response {
  const headers = new Headers({ "content-type": "application/json" });
  const seconds = error.status.details?.retryAfterSeconds;
  if (typeof seconds === "number") headers.set("retry-after", String(seconds));
  return new Response(JSON.stringify(error.status), { status: error.status.code, headers });
}

/** 403 in the words of the RBAC authorizer. */
function refuse(attributes: Attributes, user: string, reason: string): ApiError {
  const { verb, group, resource, subresource, namespace, name, path } = attributes;
  const why = reason === "" ? "" : `: ${reason}`;
  if (resource === "") {
    const message = `forbidden: User ${JSON.stringify(user)} cannot ${verb} path ${JSON.stringify(path)}${why}`;
    return new ApiError(403, "Forbidden", message, {});
  }
  const target = subresource === "" ? resource : `${resource}/${subresource}`;
  const place = namespace === "" || resource === "namespaces"
    ? "at the cluster scope"
    : `in the namespace ${JSON.stringify(namespace)}`;
  return forbidden(
    { group, plural: resource },
    name,
    `User ${JSON.stringify(user)} cannot ${verb} resource ${JSON.stringify(target)} in API group ${JSON.stringify(group)} ${place}${why}`,
  );
}
