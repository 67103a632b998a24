import { ApiError } from "../http/errors.ts";
import type { JSONValue } from "../http/contract.ts";
import { measureAs } from "../http/measured.ts";
import {
  badAnswer,
  type KubernetesObject,
  type ResourceDefinition,
  type Stored,
  toStored,
} from "./object.ts";
import { asObject } from "../../runtime/as_object.ts";

/** One line of a watch. An ERROR ends it: the server sends nothing after. */
export type WatchEvent<T extends KubernetesObject> =
  | { type: "ADDED" | "MODIFIED" | "DELETED"; object: Stored<T> }
  | { type: "BOOKMARK"; resourceVersion: string }
  | { type: "ERROR"; error: ApiError };

/** What a stream of watch events needs to know of its resource. */
export interface WatchDecoder {
  definition: ResourceDefinition;
  /** Throws for an object that the caller must not be given. */
  admit(object: Record<string, unknown>): void;
}

/**
 * One parsed line of a watch as an event. Throws an ApiError of reason `BadAnswer` for a line that
 * is none. A DELETED event's object carries the resourceVersion of the deletion.
 */
export function decodeWatchEvent<T extends KubernetesObject>(
  line: unknown,
  decoder: WatchDecoder,
): WatchEvent<T> {
  const { definition } = decoder;
  const { type, object } = asObject(line) ?? {};
  const body = asObject(object);
  if (!body) throw badAnswer(definition, "a watch event without object");
  switch (type) {
    case "ERROR":
      return { type, error: ApiError.fromStatus(body, { request: `watch ${definition.plural}` }) };
    case "BOOKMARK":
      return { type, resourceVersion: bookmarkVersion(body, definition) };
    case "ADDED":
    case "MODIFIED":
    case "DELETED":
      decoder.admit(body);
      measureAs(line as object, body);
      return { type, object: toStored<T>(body, definition) };
    default:
      throw badAnswer(definition, "a watch event of unknown type");
  }
}

/** Decodes line by line as its reader asks. Cancelling it cancels `lines`. */
export function decodeWatch<T extends KubernetesObject>(
  lines: ReadableStream<JSONValue>,
  decoder: WatchDecoder,
): ReadableStream<WatchEvent<T>> {
  const reader = lines.getReader();
  return new ReadableStream<WatchEvent<T>>({
    async pull(controller) {
      const { done, value } = await reader.read();
      if (done) return controller.close();
      try {
        controller.enqueue(decodeWatchEvent<T>(value, decoder));
      } catch (error) {
        await reader.cancel(error);
        throw error;
      }
    },
    cancel: (reason) => reader.cancel(reason),
  }, { highWaterMark: 0 });
}

function bookmarkVersion(body: Record<string, unknown>, definition: ResourceDefinition): string {
  const version = asObject(body.metadata)?.resourceVersion;
  if (typeof version === "string" && version !== "") return version;
  throw badAnswer(definition, "a bookmark without resourceVersion");
}
