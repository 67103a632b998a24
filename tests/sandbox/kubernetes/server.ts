import { parseAllDocuments } from "yaml";
import type { Admission } from "./admission.ts";
import { type Controller, settle } from "./controllers/controllers.ts";
import { DefinitionController } from "./controllers/definitions.ts";
import { GarbageCollector } from "./controllers/garbage_collector.ts";
import { NamespaceController, ServiceAccountController } from "./controllers/namespaces.ts";
import { Core } from "./core.ts";
import { type Attributes, attributesOf } from "./http/attributes.ts";
import { bearerToken, refusal } from "./http/authorization.ts";
import { type Body, readBody } from "./http/body.ts";
import {
  ConnectionLost,
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
import { ApiError, unknownResource } from "./model/errors.ts";
import { isObject, type JsonObject } from "./model/json.ts";
import type { KubeObject } from "./model/object.ts";
import {
  type CompleteOptions,
  completeOptions,
  DEFAULT_USER,
  type KubernetesOptions,
} from "./options.ts";
import { seed, servedType } from "./seed.ts";
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
    if (action === "close-connection") {
      throw new ConnectionLost("connection closed before an answer");
    }
    const body = await readBody(request);
    const response = typeof action === "object"
      ? faultResponse(action)
      : this.#answer({ request, url, attributes, body, signal }, recorded);
    recorded.status = response.status;
    return await spoil(response, action);
  }

  /** Makes the next matching requests fail. */
  inject(fault: Fault): void {
    this.#faults.add(fault);
  }

  /** Has every write from now on pass those webhooks and policies, in place of any others. */
  admit(admission: Admission): void {
    this.#core.admission = admission;
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
    const type = servedType(this.#core, kind);
    const object = this.#core.store.get(type, { namespace, name });
    return object === undefined ? undefined : structuredClone(object);
  }

  /** Copies of the objects of one kind, in one namespace or in all. */
  list(kind: ObjectKind, namespace?: string): KubeObject[] {
    const type = servedType(this.#core, kind);
    return structuredClone(this.#core.store.collection(type).list(namespace));
  }

  /**
   * Creates the objects of a manifest, or replaces them, without a request being recorded. Faults,
   * `allow` and authorization do not apply; validation does, and throws ApiError. `manager` owns
   * the fields.
   */
  apply(manifest: string | JsonObject, manager = "in-memory"): KubeObject[] {
    const documents = typeof manifest === "string"
      ? parseAllDocuments(manifest).map((document) => document.toJS() as unknown)
      : [manifest];
    return documents.filter(isObject).map((document) => {
      const object = structuredClone(seed(this.#core, document, manager));
      settle(this.#core, this.#controllers);
      return object;
    });
  }

  /** Ends every watch and every hanging request. Later requests are answered 503. */
  close(): void {
    this.#closed.abort(new ConnectionLost("the API server has been closed"));
    this.disturbWatches("end");
  }

  #answer(asked: Asked, recorded: RecordedRequest): Response {
    try {
      this.#admit(asked, recorded);
      const document = asked.attributes.resource === ""
        ? answerDocument(this.#core, asked.request, asked.url, this.#options.version)
        : this.#resource(asked, recorded);
      return document ?? this.#unknownPath(recorded);
    } catch (error) {
      if (error instanceof ApiError) return errorResponse(error);
      throw error;
    } finally {
      settle(this.#core, this.#controllers);
    }
  }

  #admit({ request, attributes }: Asked, recorded: RecordedRequest): void {
    if (this.#closed.signal.aborted) {
      throw new ApiError(503, "ServiceUnavailable", "the API server has been closed");
    }
    const user = this.#authenticate(bearerToken(request));
    if (user === undefined) throw new ApiError(401, "Unauthorized", "Unauthorized");
    recorded.user = user;
    const asked = { ...attributes, user };
    if (!this.#options.allow(asked)) {
      this.#recorder.unexpected.push(recorded);
      const call = `${request.method} ${attributes.path}`;
      throw new ApiError(501, "NotImplemented", `unexpected call in this test: ${call}`);
    }
    const verdict = this.#options.authorize(asked);
    if (verdict !== true) throw refusal(attributes, user, verdict === false ? "" : verdict);
  }

  #resource(asked: Asked, recorded: RecordedRequest): Response | undefined {
    const { request, url, attributes, body, signal } = asked;
    const { group, version, resource } = attributes;
    const type = this.#core.registry.find(group, version, resource);
    if (type === undefined) {
      if (group !== "" || version !== "v1") return undefined;
      this.#recorder.unexpected.push(recorded);
      throw unknownResource();
    }
    const call = {
      attributes,
      type,
      url,
      accept: request.headers.get("accept"),
      contentType: body.mediaType,
      userAgent: request.headers.get("user-agent") ?? "",
      body: body.text,
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
}

/** Lets an injected fault act on the answer of a request that has taken effect. */
async function spoil(response: Response, action: FaultAction | undefined): Promise<Response> {
  if (action === "cut-body") return await cutInHalf(response);
  if (action !== "lose-response") return response;
  await response.body?.cancel();
  throw new ConnectionLost("connection closed after the request took effect");
}

/** A request taken apart, with its body read. */
interface Asked {
  readonly request: Request;
  readonly url: URL;
  readonly attributes: Attributes;
  readonly body: Body;
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

function errorResponse(error: ApiError): Response {
  const headers = new Headers({ "content-type": "application/json" });
  const seconds = error.status.details?.retryAfterSeconds;
  if (typeof seconds === "number") headers.set("retry-after", String(seconds));
  return new Response(JSON.stringify(error.status), { status: error.status.code, headers });
}
