import { ApiError, forbidden } from "../model/errors.ts";
import type { Attributes } from "./attributes.ts";

/** The bearer token of a request, if it has one. */
export function bearerToken(request: Request): string | undefined {
  return /^Bearer\s+(.+)$/i.exec(request.headers.get("authorization") ?? "")?.[1];
}

/** 403 in the words of the RBAC authorizer. */
export function refusal(attributes: Attributes, user: string, reason: string): ApiError {
  const { verb, group, resource, subresource, namespace, name, path } = attributes;
  const why = reason === "" ? "" : `: ${reason}`;
  const who = `User ${JSON.stringify(user)} cannot ${verb}`;
  if (resource === "") {
    const message = `forbidden: ${who} path ${JSON.stringify(path)}${why}`;
    return new ApiError(403, "Forbidden", message, {});
  }
  const target = JSON.stringify(subresource === "" ? resource : `${resource}/${subresource}`);
  const place = namespace === "" || resource === "namespaces"
    ? "at the cluster scope"
    : `in the namespace ${JSON.stringify(namespace)}`;
  return forbidden(
    { group, plural: resource },
    name,
    `${who} resource ${target} in API group ${JSON.stringify(group)} ${place}${why}`,
  );
}
