import { asObject } from "../../runtime/as_object.ts";
import { cut } from "../../runtime/text/cut.ts";
import { maskSecrets } from "../../runtime/masking/mask.ts";

/** More than a person reads; an object may have thousands of faults. */
const MOST_CAUSES = 32;
const LONGEST_STRING = 1024;

/** One of several reasons why an object was refused. */
export interface StatusCause {
  reason?: string;
  message?: string;
  /** The field at fault, as a path such as `spec.acr.server`. */
  field?: string;
}

/** The parts of a Kubernetes Status's `details` that are of use here. */
export interface StatusDetails {
  name?: string;
  group?: string;
  kind?: string;
  uid?: string;
  causes: StatusCause[];
  retryAfterSeconds?: number;
}

/** Says that an answer is a Kubernetes Status that tells of a failure. */
export function isFailureStatus(value: unknown): boolean {
  const fields = asObject(value);
  return fields?.kind === "Status" && fields.apiVersion === "v1" && fields.status === "Failure";
}

/** Reads a Status's `details`, dropping fields of the wrong type. Webhooks write what they like into them. */
export function statusDetails(value: unknown): StatusDetails | undefined {
  const fields = asObject(value);
  if (fields === undefined) return undefined;
  const causes = Array.isArray(fields.causes) ? fields.causes : [];
  const details: StatusDetails = {
    ...strings(fields, ["name", "group", "kind", "uid"]),
    causes: causes.slice(0, MOST_CAUSES).map((cause) =>
      strings(asObject(cause) ?? {}, ["reason", "message", "field"])
    ),
  };
  if (typeof fields.retryAfterSeconds === "number") {
    details.retryAfterSeconds = fields.retryAfterSeconds;
  }
  return details;
}

function strings<K extends string>(
  fields: Record<string, unknown>,
  names: readonly K[],
): { [name in K]?: string } {
  const found: { [name in K]?: string } = {};
  for (const name of names) {
    const value = fields[name];
    if (typeof value === "string") found[name] = cut(maskSecrets(value), LONGEST_STRING);
  }
  return found;
}
