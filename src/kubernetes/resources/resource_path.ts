import { quote } from "../../runtime/text/quote.ts";
import { ApiError } from "../http/errors.ts";
import { apiVersionOf, type ResourceDefinition } from "./object.ts";

/** The parts of a resource's path below its definition. Left-out parts end the path early. */
export interface ResourcePlace {
  namespace?: string | undefined;
  name?: string;
  subresource?: string;
}

/**
 * The URL path of a resource, one of its objects or a subresource. Throws an ApiError of reason
 * `Invalid` for a name that would leave its place in the path: names come from users, and `..` as a
 * ServiceAccount's name must not address another resource.
 */
export function resourcePath(definition: ResourceDefinition, place: ResourcePlace = {}): string {
  const root = definition.group === "" ? "/api" : "/apis";
  const segments = [root, apiVersionOf(definition)];
  if (definition.namespaced && place.namespace !== undefined) {
    segments.push("namespaces", segment(definition, "namespace", place.namespace));
  }
  segments.push(definition.plural);
  if (place.name !== undefined) segments.push(segment(definition, "name", place.name));
  if (place.subresource !== undefined) segments.push(place.subresource);
  return segments.join("/");
}

/** The API server's own rule for path segments: not empty, `.` or `..`, without `/` and `%`. */
function segment(definition: ResourceDefinition, field: string, value: string): string {
  if (value !== "" && value !== "." && value !== ".." && !/[/%]/.test(value)) {
    return encodeURIComponent(value);
  }
  throw new ApiError({
    code: 0,
    reason: "Invalid",
    retryable: false,
    message: `${quote(value)} is no ${field} of a ${definition.kind}: ` +
      `it must not be empty, "." or "..", nor contain "/" or "%"`,
  });
}
