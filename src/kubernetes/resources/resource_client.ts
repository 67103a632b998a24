import { optional } from "../../runtime/optional.ts";
import type { Breather } from "../../runtime/time/breather.ts";
import type { CuttingRequest, JSONValue, RequestOptions, RestClient } from "../http/contract.ts";
import { ApiError } from "../http/errors.ts";
import { Scratch } from "../http/list_splitter.ts";
import { readList } from "../http/list_stream.ts";
import {
  apiVersionOf,
  badAnswer,
  type KubernetesObject,
  type PartialObjectMetadata,
  type ResourceDefinition,
  type Stored,
  toStored,
} from "./object.ts";
import { resourcePath, type ResourcePlace } from "./resource_path.ts";
import { isFailureStatus } from "../http/status.ts";
import { asObject } from "../../runtime/as_object.ts";
import { decodeWatch, type WatchEvent } from "./watch.ts";

export type {
  KubernetesObject,
  ObjectMeta,
  OwnerReference,
  PartialObjectMetadata,
  ResourceDefinition,
  Stored,
} from "./object.ts";
export type { WatchEvent } from "./watch.ts";

/** Ends a request early; its promise then rejects with the signal's reason. */
export interface CallOptions {
  signal?: AbortSignal | undefined;
}

/** Which objects to list or watch. Without `namespace`, those of all. */
export interface Selection extends CallOptions {
  namespace?: string | undefined;
  labelSelector?: string | undefined;
  fieldSelector?: string | undefined;
}

/** A list, or one page of it. Without `resourceVersion` the answer is the most recent state. */
export interface ListOptions extends Selection {
  /** Objects a page; without it, all at once. */
  limit?: number | undefined;
  /** From the page before. */
  continue?: string | undefined;
  resourceVersion?: string | undefined;
  /** Lets others have their turn while a long list is read. */
  breather?: Breather | undefined;
}

/** A watch from a `resourceVersion` on. */
export interface WatchOptions extends Selection {
  resourceVersion: string;
  /** After this the server ends the watch in good order. */
  timeoutSeconds?: number | undefined;
  allowWatchBookmarks?: boolean | undefined;
}

/** One page. `continue` asks for the next; absent on the last. */
export interface Page<T extends KubernetesObject> {
  items: Stored<T>[];
  resourceVersion: string;
  continue?: string;
  /** Length of its JSON, where that was measured. */
  bytes?: number;
}

/** Is given the objects of a page one by one, as they come. */
export type Each<T extends KubernetesObject> = (object: Stored<T>) => void;

/** A patch in one of the three forms. Custom resources know no strategic one. */
export type Patch =
  | { type: "merge" | "strategic"; body: Record<string, unknown> }
  | { type: "json"; body: readonly unknown[] };

/** How to delete. */
export interface DeleteOptions extends CallOptions {
  /** What must still hold for a delete to happen; otherwise it is refused as a conflict. */
  preconditions?: { uid?: string; resourceVersion?: string };
  /** Has it admitted, and nothing deleted (dryRun=All). */
  dryRun?: boolean | undefined;
}

/** Settings of a client. */
export interface ResourceClientOptions {
  /** Who is named in `managedFields` for every write. */
  fieldManager?: string | undefined;
}

/** The part of a client that an informer needs. */
export interface ListWatch<T extends KubernetesObject> {
  /** With `each`, no more than one object is in memory at a time, and the page holds none. */
  list(options: ListOptions, each?: Each<T>): Promise<Page<T>>;
  watch(options: WatchOptions): Promise<ReadableStream<WatchEvent<T>>>;
}

/** As `longestString` of a definition, for answers of metadata alone: far more than is read of any. */
const LONGEST_OF_METADATA = 32 * 1024;

const METADATA_ONLY = "g=meta.k8s.io;v=v1";

const PATCH_TYPES: Readonly<Record<Patch["type"], string>> = {
  merge: "application/merge-patch+json",
  strategic: "application/strategic-merge-patch+json",
  json: "application/json-patch+json",
};

/**
 * One resource of one API server. `T` is what is written, `Answer` what comes back: the same, or
 * metadata alone (see `metadataOnly`). For a cluster-scoped resource pass `""` as namespace.
 *
 * Everything rejects with what the RestClient rejects with, and with an ApiError of reason
 * `BadAnswer` where the answer lacks what every stored object has, or of reason `Invalid` where a
 * name cannot stand in a path.
 */
export class ResourceClient<
  T extends KubernetesObject,
  Answer extends KubernetesObject = T,
> implements ListWatch<Answer> {
  readonly definition: ResourceDefinition;
  protected readonly rest: RestClient;
  readonly #options: ResourceClientOptions;
  readonly #partial: boolean;
  /** For lists that are read object by object. */
  readonly #scratch = new Scratch();
  /** The query of every write; nobody changes it. */
  readonly #writer: URLSearchParams;

  constructor(
    rest: RestClient,
    definition: ResourceDefinition,
    options: ResourceClientOptions = {},
    partial = false,
  ) {
    this.rest = rest;
    this.definition = definition;
    this.#options = options;
    this.#partial = partial;
    this.#writer = query({ fieldManager: options.fieldManager });
  }

  /**
   * The same resource, of which every answer holds metadata alone. The server leaves the rest out,
   * also from the answers to writes, so that a Secret's data never comes back. An answer that holds
   * more is refused.
   */
  metadataOnly(): ResourceClient<T, PartialObjectMetadata> {
    return new ResourceClient(this.rest, this.definition, this.#options, true);
  }

  /** Reads one object. */
  get(namespace: string, name: string, options: CallOptions = {}): Promise<Stored<Answer>> {
    return this.#object({ method: "GET" }, { namespace, name }, options);
  }

  /**
   * Reads a page of objects, or all. With `each`, every object is handed over as it comes and the
   * page holds none; what `each` throws rejects, as does an answer that turns out bad after some.
   */
  async list(options?: ListOptions, each?: Each<Answer>): Promise<Page<Answer>> {
    const asked = options ?? {};
    const request = {
      ...this.#request("GET", asked, asked),
      accept: this.#accept("PartialObjectMetadataList"),
      querystring: query({
        ...selectors(asked),
        limit: asked.limit,
        continue: asked.continue,
        resourceVersion: asked.resourceVersion,
      }),
    };
    if (each !== undefined) return await this.#stream(request, each, options?.breather);
    const answer = await this.rest.performRequest({ ...request, expectJson: true });
    return this.#page(asObject(answer) ?? {});
  }

  /**
   * Watches for changes. The promise resolves once the server has accepted; the stream then ends
   * when the server says so, and fails when the connection does. Cancel it when done.
   */
  async watch(options: WatchOptions): Promise<ReadableStream<WatchEvent<Answer>>> {
    const lines = await this.rest.performRequest({
      ...this.#request("GET", options, options),
      ...this.#cutting,
      querystring: query({
        ...selectors(options),
        watch: true,
        resourceVersion: options.resourceVersion,
        timeoutSeconds: options.timeoutSeconds,
        allowWatchBookmarks: options.allowWatchBookmarks,
      }),
      expectStream: true,
      expectJson: true,
    });
    return decodeWatch<Answer>(lines, {
      definition: this.definition,
      admit: (object) => this.#admit(object, "PartialObjectMetadata"),
    });
  }

  /** Creates an object. Refused as AlreadyExists when one of that name is there. */
  create(namespace: string, object: T, options: CallOptions = {}): Promise<Stored<Answer>> {
    return this.#write("POST", { namespace }, object, options);
  }

  /**
   * Has a create admitted and validated, and nothing created (dryRun=All). It is refused as
   * AlreadyExists only where all that is well, since the server looks for the name last. Answers
   * nothing: what would be created has no identity.
   */
  async askToCreate(namespace: string, object: T, options: CallOptions = {}): Promise<void> {
    await this.rest.performRequest({
      ...this.#request("POST", { namespace }, options),
      bodyJson: this.#whole(object),
      querystring: query({ fieldManager: this.#options.fieldManager, dryRun: "All" }),
      expectJson: true,
    });
  }

  /** Replaces an object; refused as a conflict when its resourceVersion is no longer the last. */
  update(namespace: string, object: T, options: CallOptions = {}): Promise<Stored<Answer>> {
    return this.#write("PUT", { namespace, name: nameOf(object) }, object, options);
  }

  /** Changes an object. A `metadata.resourceVersion` in a merge patch is checked by the server. */
  patch(
    namespace: string,
    name: string,
    patch: Patch,
    options: CallOptions = {},
  ): Promise<Stored<Answer>> {
    return this.#patch({ namespace, name }, patch, options);
  }

  /** Changes an object's status and nothing else. */
  patchStatus(
    namespace: string,
    name: string,
    patch: Patch,
    options: CallOptions = {},
  ): Promise<Stored<Answer>> {
    return this.#patch({ namespace, name, subresource: "status" }, patch, options);
  }

  /**
   * Deletes an object. Answers `undefined` when it is gone, and the object when finalizers keep it
   * until they are removed. Refused as a conflict when a precondition does not hold.
   */
  async delete(
    namespace: string,
    name: string,
    options: DeleteOptions = {},
  ): Promise<Stored<Answer> | undefined> {
    const { preconditions, dryRun } = options;
    const body = {
      apiVersion: "v1",
      kind: "DeleteOptions",
      ...optional("preconditions", preconditions),
      ...optional("dryRun", dryRun ? ["All"] : undefined),
    };
    const answer = await this.rest.performRequest({
      ...this.#request("DELETE", { namespace, name }, options),
      bodyJson: body,
      expectJson: true,
    });
    const left = asObject(answer) ?? {};
    if (left.kind === "Status" || !asObject(left.metadata)?.deletionTimestamp) return undefined;
    this.#admit(left, "PartialObjectMetadata");
    return toStored<Answer>(left, this.definition);
  }

  /** Posts to a subresource whose answer is no stored object, such as a token request. */
  protected post(place: ResourcePlace, body: object, options: CallOptions): Promise<JSONValue> {
    return this.rest.performRequest({
      ...this.#request("POST", place, options),
      accept: "application/json",
      querystring: this.#writer,
      bodyJson: body as JSONValue,
      expectJson: true,
    });
  }

  #write(
    method: "POST" | "PUT",
    place: ResourcePlace,
    object: T,
    options: CallOptions,
  ): Promise<Stored<Answer>> {
    const bodyJson = this.#whole(object);
    return this.#object({ method, bodyJson, querystring: this.#writer }, place, options);
  }

  #whole(object: T): JSONValue {
    const { apiVersion = apiVersionOf(this.definition), kind = this.definition.kind } = object;
    return { ...object, apiVersion, kind } as unknown as JSONValue;
  }

  #patch(place: ResourcePlace, patch: Patch, options: CallOptions): Promise<Stored<Answer>> {
    const request = {
      method: "PATCH" as const,
      contentType: PATCH_TYPES[patch.type],
      bodyJson: patch.body as JSONValue,
      querystring: this.#writer,
    };
    return this.#object(request, place, options);
  }

  async #object(
    request: Omit<RequestOptions, "path">,
    place: ResourcePlace,
    options: CallOptions,
  ): Promise<Stored<Answer>> {
    const answer = await this.rest.performRequest({
      ...this.#request(request.method, place, options),
      ...request,
      ...this.#cutting,
      expectJson: true,
    });
    this.#admit(asObject(answer) ?? {}, "PartialObjectMetadata");
    return toStored<Answer>(answer, this.definition);
  }

  #request(
    method: RequestOptions["method"],
    place: ResourcePlace,
    { signal }: CallOptions,
  ): RequestOptions {
    return {
      method,
      path: resourcePath(this.definition, place),
      accept: this.#accept("PartialObjectMetadata"),
      ...optional("abortSignal", signal),
    };
  }

  get #cutting(): Pick<CuttingRequest, "longestString"> {
    const { longestString } = this.definition;
    if (longestString === undefined) return {};
    return { longestString: this.#partial ? LONGEST_OF_METADATA : longestString };
  }

  #accept(partialKind: string): string {
    return this.#partial
      ? `application/json;as=${partialKind};${METADATA_ONLY}`
      : "application/json";
  }

  /** A server that ignored `as=` would put tokens into a cache that must hold none. */
  #admit(object: Record<string, unknown>, partialKind: string): void {
    if (!this.#partial || object.kind === partialKind) return;
    throw badAnswer(this.definition, `something else than the ${partialKind} asked for`);
  }

  async #stream(
    request: RequestOptions,
    each: Each<Answer>,
    breather: Breather | undefined,
  ): Promise<Page<Answer>> {
    const stream = await this.rest.performRequest({ ...request, expectStream: true });
    const name = `GET ${request.path}`;
    const { list, bytes } = await readList(
      stream,
      name,
      (item) => {
        this.#admit(asObject(item) ?? {}, "PartialObjectMetadata");
        each(toStored<Answer>(item, this.definition));
      },
      this.#scratch,
      breather,
      this.#cutting.longestString,
    );
    // A client that streams may take a Status of failure for an answer like any other.
    if (isFailureStatus(list)) throw ApiError.fromStatus(list, { request: name });
    const page = { ...this.#page(asObject(list) ?? {}), bytes };
    if (page.continue === undefined) this.#scratch.drop();
    return page;
  }

  #page(answer: Record<string, unknown>): Page<Answer> {
    this.#admit(answer, "PartialObjectMetadataList");
    // An empty list of metadata alone comes as null: the server leaves Go's nil slice as it is.
    const items = answer.items === null ? [] : answer.items;
    const metadata = asObject(answer.metadata) ?? {};
    const { resourceVersion, continue: next } = metadata;
    if (!Array.isArray(items)) throw badAnswer(this.definition, "a list without items");
    if (typeof resourceVersion !== "string" || resourceVersion === "") {
      throw badAnswer(this.definition, "a list without resourceVersion");
    }
    for (const item of items) toStored(item, this.definition);
    const more = typeof next === "string" && next !== "" ? { continue: next } : {};
    return { items: items as Stored<Answer>[], resourceVersion, ...more };
  }
}

function nameOf(object: KubernetesObject): string {
  return object.metadata?.name ?? "";
}

function selectors(
  { labelSelector, fieldSelector }: Selection,
): Record<string, string | undefined> {
  return { labelSelector, fieldSelector };
}

function query(
  parameters: Record<string, string | number | boolean | undefined>,
): URLSearchParams {
  const given = Object.entries(parameters).filter(([, value]) => value !== undefined);
  return new URLSearchParams(given.map(([name, value]) => [name, String(value)]));
}
