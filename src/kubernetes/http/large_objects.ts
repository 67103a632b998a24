import { optional } from "../../runtime/optional.ts";
import { asObject } from "../../runtime/as_object.ts";
import type { Urgency } from "../../runtime/fairness/fair_line.ts";
import { FairRoom } from "../../runtime/fairness/fair_room.ts";
import type { CuttingRequest, RequestOptions, RestClient } from "./contract.ts";
import { ApiError } from "./errors.ts";
import { type Perform, wrapRestClient } from "./wrap_rest_client.ts";

/** Of an object of 1.5 MiB some 10 MB of memory pass before its answer is a small object again. */
const PLACES = 2;

/** Of an object a Table shows some columns (server-side printing, meta.k8s.io/v1). */
const TABLE = "application/json;as=Table;g=meta.k8s.io;v=v1";

/** Where an object stands. */
export interface ObjectPlace {
  readonly namespace: string;
  /** Of its resource, such as `secrets`. */
  readonly plural: string;
  readonly name: string;
}

type LargeObject = ObjectPlace & { readonly path: string };

/**
 * Knows which objects are large, and lets reads of them through few at a time: their answers are the
 * whole object. A request's answer cannot be put off once it is under way, since all of a connection
 * share its flow control.
 *
 * A write waits for admission, and so for webhooks, which may take 30 s. Many may be under way: each
 * is answered by a Table without the object, and what came of it is read afterwards.
 */
export class LargeObjects {
  readonly #paths = new Set<string>();
  readonly #room: FairRoom;
  #urgencyOf: (place: ObjectPlace) => Urgency | undefined = () => undefined;

  /** `now` answers milliseconds since the epoch. */
  constructor(now: () => number) {
    this.#room = new FairRoom(PLACES, now);
  }

  /** How many objects are known to be large. */
  get size(): number {
    return this.#paths.size;
  }

  /** Takes note of the object at `path`. One that is gone is not large. */
  note(path: string, isLarge: boolean): void {
    if (isLarge) this.#paths.add(path);
    else this.#paths.delete(path);
  }

  /** From now on `urgencyOf` tells when a read goes before others. */
  rankBy(urgencyOf: (place: ObjectPlace) => Urgency | undefined): void {
    this.#urgencyOf = urgencyOf;
  }

  /**
   * A client whose reads of large objects wait for one another. A write to one rejects with a
   * conflict, too, where the object had changed again before it could be read.
   */
  wrap(rest: RestClient): RestClient {
    return wrapRestClient(rest, async (send, opts) => {
      const object = this.#largeOf(opts);
      if (object === undefined) return await send(opts);
      if (opts.method === "GET") return await this.#read(object, opts, send);
      return await this.#write(object, opts, send);
    });
  }

  async #read(
    object: LargeObject,
    opts: RequestOptions,
    send: Parameters<Perform>[0],
  ): Promise<unknown> {
    const entry = { signal: opts.abortSignal, urgency: this.#urgencyOf(object) };
    return await this.#room.run(object.namespace, () => send(opts), entry);
  }

  async #write(
    object: LargeObject,
    opts: RequestOptions,
    send: Parameters<Perform>[0],
  ): Promise<unknown> {
    const querystring = new URLSearchParams(opts.querystring);
    querystring.set("includeObject", "None");
    const answer = await send({ ...opts, accept: TABLE, querystring });
    // That of a delete may be a Status. A server that knows no Tables answers with the object.
    if (asObject(answer)?.kind !== "Table") return answer;
    const now = await this.#read(object, readOf(object, opts), send);
    // What is left after a delete is whatever is there.
    if (opts.method === "DELETE" || versionOf(now) === versionOf(answer)) return now;
    throw changedAgain(object);
  }

  #largeOf({ method, path, accept = "" }: RequestOptions): LargeObject | undefined {
    const object = objectAt(path);
    if (object === undefined) return undefined;
    // Nobody knows of a Secret's data how much it is: what is followed is metadata alone.
    const isWholeSecret = method === "GET" && object.plural === "secrets" &&
      !accept.includes("as=PartialObjectMetadata");
    return isWholeSecret || this.#paths.has(object.path) ? object : undefined;
  }
}

function readOf(
  { path }: LargeObject,
  { accept, abortSignal, longestString }: CuttingRequest,
): CuttingRequest {
  return {
    method: "GET",
    path,
    expectJson: true,
    ...optional("accept", accept),
    ...optional("abortSignal", abortSignal),
    ...optional("longestString", longestString),
  };
}

/** Whoever wrote cannot know what became of it, as if another had been faster. */
function changedAgain({ plural, name }: ObjectPlace): ApiError {
  return new ApiError({
    code: 409,
    reason: "Conflict",
    message: `${plural} "${name}" had changed again before it could be read`,
    details: { kind: plural, name, causes: [] },
  });
}

function versionOf(answer: unknown): unknown {
  return asObject(asObject(answer)?.metadata)?.resourceVersion;
}

/** The namespaced object that a request concerns, also by a subresource. */
function objectAt(path: string): LargeObject | undefined {
  const segments = path.split("/");
  // "", then api and a version, or apis, a group and a version.
  const at = segments[1] === "api" ? 3 : 4;
  const [word, namespace, plural, name, subresource] = segments.slice(at);
  if (word !== "namespaces" || namespace === undefined || plural === undefined) return undefined;
  // The answer to a request for a token holds that alone.
  if (name === undefined || subresource === "token") return undefined;
  return { path: segments.slice(0, at + 4).join("/"), namespace, plural, name };
}
