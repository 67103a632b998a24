import { ALLOW_HOST_REMEDY, permissionHost } from "./host_permission.ts";
import { causeOf, connectionFailure, type Way } from "./connection_failure.ts";
import { reachability } from "./connection_rules.ts";
import { AzureError, type AzureFailure } from "./errors.ts";
import { type AzureRequest, hostOf } from "./request.ts";

/** Nothing was sent. The sentence names the host with its port, as Deno's permissions do. */
export function notAllowed({ endpoint, url }: AzureRequest, cause: Error): AzureError {
  return new AzureError({
    endpoint,
    host: hostOf(endpoint, url),
    class: "permanent-user-error",
    healsInCluster: true,
    reason: "HostNotAllowed",
    problem: `This executable may not connect to ${permissionHost(url)}`,
    remedy: `Correct the host, or ${ALLOW_HOST_REMEDY}.`,
  }, { cause });
}

/** A call that came to nothing. */
export interface Lost {
  /** Of the answer that had begun; 0 where none had. */
  readonly status: number;
  readonly timedOut: boolean;
  readonly way: Way;
  readonly error: unknown;
}

/** The request was sent, or could not be. The error's cause is what tells why. */
export function noWholeAnswer(
  request: AzureRequest,
  lost: Lost,
): AzureError {
  const { endpoint, url } = request;
  const host = hostOf(endpoint, url);
  const said = lost.status === 0 ? unanswered : brokenOff;
  return new AzureError(
    { endpoint, host, class: "transient", ...said(request, host, lost) },
    { cause: causeOf(lost.error) },
  );
}

type Told = Pick<AzureFailure, "reason" | "problem" | "remedy" | "status">;

function unanswered(
  { endpoint, timeoutMs }: AzureRequest,
  host: string,
  { timedOut, way, error }: Lost,
): Told {
  if (timedOut) {
    return {
      reason: "TimedOut",
      problem: `${host} did not answer within ${timeoutMs / 1000} s`,
      remedy: reachability(endpoint),
    };
  }
  const { reason, problem, remedy } = connectionFailure(error, way);
  return { reason, problem: problem(host), remedy: remedy(endpoint) };
}

function brokenOff({ timeoutMs }: AzureRequest, host: string, { status, timedOut }: Lost): Told {
  return {
    reason: timedOut ? "TimedOut" : "Truncated",
    status,
    problem: `${host} began an answer (HTTP ${status}) ` +
      (timedOut ? `that did not end within ${timeoutMs / 1000} s` : "and broke it off"),
    remedy: "Look for a proxy or a firewall between the operator and this host.",
  };
}
