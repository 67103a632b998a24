import { ApiError } from "../model/errors.ts";
import type { Attributes } from "./attributes.ts";

/** Which requests a fault hits; a field left out fits all. */
export interface RequestMatch {
  readonly verb?: string;
  readonly resource?: string;
  readonly subresource?: string;
  readonly namespace?: string;
  readonly name?: string;
}

/** What happens to a request that a fault hits. The last two act after the request took effect. */
export type FaultAction =
  | {
    readonly status: number;
    readonly reason?: string;
    readonly message?: string;
    /** Seconds for the Retry-After header. */
    readonly retryAfter?: number;
    /** Sent instead of a Status, for a proxy's error page. */
    readonly body?: string;
    readonly contentType?: string;
  }
  | "hang"
  | "close-connection"
  | "cut-body"
  | "lose-response";

/** A fault to be met by the next `times` matching requests (default 1). */
export interface Fault extends RequestMatch {
  readonly times?: number;
  readonly action: FaultAction;
}

/** Whether `match` fits a request. */
export function fits(match: RequestMatch, attributes: Attributes): boolean {
  return (["verb", "resource", "subresource", "namespace", "name"] as const).every((field) =>
    match[field] === undefined || match[field] === attributes[field]
  );
}

/** The faults that wait for their requests, in the order in which they were put in. */
export class FaultQueue {
  readonly #waiting: { fault: Fault; left: number }[] = [];

  add(fault: Fault): void {
    this.#waiting.push({ fault, left: fault.times ?? 1 });
  }

  clear(): void {
    this.#waiting.length = 0;
  }

  /** The action for this request, used up by it; undefined when no fault fits. */
  take(attributes: Attributes): FaultAction | undefined {
    const index = this.#waiting.findIndex(({ fault }) => fits(fault, attributes));
    const found = this.#waiting[index];
    if (found === undefined) return undefined;
    if (--found.left <= 0) this.#waiting.splice(index, 1);
    return found.fault.action;
  }
}

/** The response of a fault that answers with a status. */
export function faultResponse(action: Exclude<FaultAction, string>): Response {
  const headers = new Headers({ "content-type": action.contentType ?? "application/json" });
  if (action.retryAfter !== undefined) headers.set("retry-after", String(action.retryAfter));
  const { status, reason = reasonOf(status) } = action;
  const error = new ApiError(status, reason, action.message ?? `injected: ${status}`, {
    ...(action.retryAfter === undefined ? {} : { retryAfterSeconds: action.retryAfter }),
  });
  return new Response(action.body ?? JSON.stringify(error.status), { status, headers });
}

const REASONS: Readonly<Record<number, string>> = {
  401: "Unauthorized",
  403: "Forbidden",
  404: "NotFound",
  409: "Conflict",
  410: "Expired",
  422: "Invalid",
  429: "TooManyRequests",
  500: "InternalError",
  503: "ServiceUnavailable",
  504: "Timeout",
};

function reasonOf(status: number): string {
  return REASONS[status] ?? "";
}

/** What fetch rejects with when a connection breaks. */
export class ConnectionLost extends TypeError {
  override readonly name = "ConnectionLost";
}

/** Half of a response's first piece, which is all of it but for a watch, then a broken connection. */
export async function cutInHalf(response: Response): Promise<Response> {
  const reader = response.body?.getReader();
  const bytes = (await reader?.read())?.value ?? new Uint8Array();
  await reader?.cancel();
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      controller.enqueue(bytes.slice(0, Math.floor(bytes.length / 2)));
    },
    pull(controller) {
      controller.error(new ConnectionLost("connection reset in the middle of the body"));
    },
  });
  return new Response(body, { status: response.status, headers: response.headers });
}
