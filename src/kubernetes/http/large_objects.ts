import { FairRoom } from "../../runtime/fairness/fair_room.ts";
import type { RequestOptions, RestClient } from "./contract.ts";
import { wrapRestClient } from "./wrap_rest_client.ts";

/** Of an object of 1.5 MiB some 10 MB of memory pass before its answer is a small object again. */
const PLACES = 2;

/**
 * Knows which objects are large, and lets requests that concern them through few at a time: their
 * answers repeat the whole object. A request's answer cannot be put off once it is under way, since
 * all of a connection share its flow control.
 */
export class LargeObjects {
  readonly #paths = new Set<string>();
  readonly #room: FairRoom;

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

  /** A client whose requests for large objects wait for one another. */
  wrap(rest: RestClient): RestClient {
    return wrapRestClient(rest, async (send, opts) => {
      const namespace = this.#namespaceOfLarge(opts);
      if (namespace === undefined) return await send(opts);
      return await this.#room.run(namespace, () => send(opts), { signal: opts.abortSignal });
    });
  }

  #namespaceOfLarge({ method, path, accept = "" }: RequestOptions): string | undefined {
    const object = objectAt(path);
    if (object === undefined) return undefined;
    // Nobody knows of a Secret's data how much it is: what is followed is metadata alone.
    const isWholeSecret = method === "GET" && object.plural === "secrets" &&
      !accept.includes("as=PartialObjectMetadata");
    return isWholeSecret || this.#paths.has(object.path) ? object.namespace : undefined;
  }
}

/** The namespaced object that a request concerns, also by a subresource. */
function objectAt(
  path: string,
): { readonly path: string; readonly namespace: string; readonly plural: string } | undefined {
  const segments = path.split("/");
  // "", then api and a version, or apis, a group and a version.
  const at = segments[1] === "api" ? 3 : 4;
  const [word, namespace, plural, name, subresource] = segments.slice(at);
  if (word !== "namespaces" || namespace === undefined || plural === undefined) return undefined;
  // The answer to a request for a token holds that alone.
  if (name === undefined || subresource === "token") return undefined;
  return { path: segments.slice(0, at + 4).join("/"), namespace, plural };
}
