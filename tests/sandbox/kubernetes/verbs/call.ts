import type { Attributes } from "../http/attributes.ts";
import type { ResourceType } from "../model/resource.ts";
import type { ObjectKey } from "../storage/collection.ts";

/** One request to a resource, with its body read. */
export interface Call {
  readonly attributes: Attributes;
  readonly type: ResourceType;
  readonly url: URL;
  readonly accept: string | null;
  readonly contentType: string;
  readonly userAgent: string;
  readonly body: string;
  /** Ends a watch when the client goes. */
  readonly signal: AbortSignal;
  /** Texts for Warning headers, filled by the verbs. */
  readonly warnings: string[];
}

/** The key of the object that the path names; a namespace itself lies in none. */
export function keyOf(call: Call): ObjectKey {
  const { namespace, name } = call.attributes;
  return { namespace: call.type.namespaced ? namespace : "", name };
}
