import { Redacted } from "../runtime/masking/redacted.ts";
import { AzureError } from "./errors.ts";
import { failureOf } from "./classify.ts";
import { type AzureRequest, type AzureResponse, hostOf } from "./request.ts";

/**
 * The JSON object of a successful answer. Rejects any other status as classified, and an answer
 * that is no JSON object as something else answering at that address.
 */
export function jsonOf(request: AzureRequest, response: AzureResponse): Record<string, unknown> {
  if (response.status !== 200) throw failureOf(request, response);
  let json: unknown;
  try {
    json = JSON.parse(response.body);
  } catch {
    throw badAzureAnswer(request, response.body === "" ? "is empty" : "is not JSON");
  }
  if (typeof json !== "object" || json === null || Array.isArray(json)) {
    throw badAzureAnswer(request, "is not a JSON object");
  }
  return json as Record<string, unknown>;
}

/** The token in member `field` of an answer. */
export function tokenOf(
  request: AzureRequest,
  json: Record<string, unknown>,
  field: string,
): Redacted {
  const token = json[field];
  if (typeof token !== "string" || token === "") {
    throw badAzureAnswer(request, `has no ${field}`);
  }
  return new Redacted(token);
}

/** The error for an answer that came whole, and yet is not what the protocol says. */
export function badAzureAnswer(request: AzureRequest, fault: string): AzureError {
  const host = hostOf(request.endpoint, request.url);
  return new AzureError({
    endpoint: request.endpoint,
    host,
    class: "transient",
    reason: "BadAnswer",
    status: 200,
    problem: `The answer of ${host} ${fault}`,
    remedy: "Look for a proxy or another service that answers in its place.",
  });
}
