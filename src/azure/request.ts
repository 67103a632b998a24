import type { Clock } from "../runtime/time/clock.ts";
import type { Connections } from "./connections.ts";
import type { AzureEndpoint } from "./errors.ts";

/** What every call to Azure needs from its surroundings. */
export interface AzureTransport {
  readonly fetch: typeof fetch;
  /** By which calls go. Absent: those of fetch itself, which nobody can renew. */
  readonly connections?: Connections;
  readonly clock: Clock;
  /** Bounds every call that would have longer. */
  readonly longestMs?: number;
  /** Hears of a registry's token that names another: worth a line in the log, and no refusal. */
  readonly onOtherAudience?: (host: string, audience: string) => void;
  /** Is waited for before a request that may never have arrived is sent once more. */
  readonly beforeRepeat?: (signal: AbortSignal) => Promise<void>;
  /** Hears of each attempt once it has ended; `status` is 0 where no answer came. */
  readonly onCall?: (endpoint: AzureEndpoint, status: number, durationMs: number) => void;
}

/** One call to Azure. */
export interface AzureRequest {
  readonly endpoint: AzureEndpoint;
  readonly url: URL;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as application/x-www-form-urlencoded by POST; without it the call is a GET. */
  readonly form?: URLSearchParams;
  /** Bound on an attempt, body included. */
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/** An answer, whatever its status. */
export interface AzureResponse {
  readonly status: number;
  readonly headers: Headers;
  readonly body: string;
}

/** How messages name the service behind an endpoint. */
export function hostOf(endpoint: AzureEndpoint, url: URL): string {
  return endpoint === "imds" ? "IMDS" : url.host;
}
