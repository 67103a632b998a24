import type { Json, JsonObject } from "./json.ts";

/** One field that fails validation, as field.Error of apimachinery prints it. */
export interface FieldError {
  /** Path such as `spec.acr.server`. */
  readonly field: string;
  /** `FieldValueInvalid` and its kin, as in Status.details.causes. */
  readonly reason: string;
  /** Everything behind the path: `Invalid value: "x": must be ...`. */
  readonly detail: string;
}

/** metav1.Status, the body of every answer that is no success. */
export type Status = {
  kind: "Status";
  apiVersion: "v1";
  metadata: JsonObject;
  status: string;
  message?: string;
  reason?: string;
  details?: JsonObject;
  code: number;
};

/** A request refused with a Status, thrown by any step and answered by the server. */
export class ApiError extends Error {
  override readonly name = "ApiError";
  readonly status: Status;

  constructor(code: number, reason: string, message: string, details?: JsonObject) {
    super(message);
    this.status = {
      kind: "Status",
      apiVersion: "v1",
      metadata: {},
      status: "Failure",
      message,
      reason,
      ...(details === undefined ? {} : { details }),
      code,
    };
  }
}

/** Names a resource in messages: `secrets`, `acrpullbindings.acrpull.microsoft.com`. */
export interface GroupResource {
  readonly group: string;
  readonly plural: string;
}

/** `plural` or `plural.group`. */
export function qualified(resource: GroupResource): string {
  return resource.group === "" ? resource.plural : `${resource.plural}.${resource.group}`;
}

function about(resource: GroupResource, name: string): JsonObject {
  return {
    ...(name === "" ? {} : { name }),
    ...(resource.group === "" ? {} : { group: resource.group }),
    kind: resource.plural,
  };
}

export function notFound(resource: GroupResource, name: string): ApiError {
  const message = `${qualified(resource)} ${JSON.stringify(name)} not found`;
  return new ApiError(404, "NotFound", message, about(resource, name));
}

/** An URL below a known API that names nothing. */
export function unknownResource(): ApiError {
  return new ApiError(404, "NotFound", "the server could not find the requested resource", {});
}

export function methodNotAllowed(): ApiError {
  const message = "the server does not allow this method on the requested resource";
  return new ApiError(405, "MethodNotAllowed", message, {});
}

export function alreadyExists(resource: GroupResource, name: string): ApiError {
  const message = `${qualified(resource)} ${JSON.stringify(name)} already exists`;
  return new ApiError(409, "AlreadyExists", message, about(resource, name));
}

export const MODIFIED =
  "the object has been modified; please apply your changes to the latest version and try again";

export function conflict(resource: GroupResource, name: string, why: string): ApiError {
  const message = `Operation cannot be fulfilled on ${qualified(resource)} ${
    JSON.stringify(name)
  }: ${why}`;
  return new ApiError(409, "Conflict", message, about(resource, name));
}

export function forbidden(
  resource: GroupResource,
  name: string,
  why: string,
  causes?: Json[],
): ApiError {
  const subject = name === "" ? qualified(resource) : `${qualified(resource)} "${name}"`;
  const details = about(resource, name);
  if (causes !== undefined) details.causes = causes;
  return new ApiError(403, "Forbidden", `${subject} is forbidden: ${why}`, details);
}

export function badRequest(message: string): ApiError {
  return new ApiError(400, "BadRequest", message);
}

export function expired(message: string): ApiError {
  return new ApiError(410, "Expired", message);
}

export function unsupportedMediaType(accepted: readonly string[]): ApiError {
  const message =
    `the body of the request was in an unknown format - accepted media types include: ${
      accepted.join(", ")
    }`;
  return new ApiError(415, "UnsupportedMediaType", message);
}

export function notAcceptable(offered: readonly string[]): ApiError {
  const message = `only the following media types are accepted: ${offered.join(", ")}`;
  return new ApiError(406, "NotAcceptable", message);
}

/** A 500 without reason, with which the real server answers a few mistakes of clients. */
export function serverError(message: string): ApiError {
  const error = new ApiError(500, "", message);
  delete error.status.reason;
  return error;
}

/** 422 with one cause a field. `kind` is the kind, not the plural. */
export function invalid(
  kind: { group: string; kind: string },
  name: string,
  errors: readonly FieldError[],
): ApiError {
  const subject = kind.group === "" ? kind.kind : `${kind.kind}.${kind.group}`;
  const texts = [...new Set(errors.map((error) => `${error.field}: ${error.detail}`))];
  const list = texts.length === 1 ? texts[0] : `[${texts.join(", ")}]`;
  return new ApiError(422, "Invalid", `${subject} ${JSON.stringify(name)} is invalid: ${list}`, {
    ...(name === "" ? {} : { name }),
    ...(kind.group === "" ? {} : { group: kind.group }),
    ...(kind.kind === "" ? {} : { kind: kind.kind }),
    causes: errors.map((error) => ({
      reason: error.reason,
      message: error.detail,
      field: error.field,
    })),
  });
}
