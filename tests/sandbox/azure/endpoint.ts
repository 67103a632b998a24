import { azureFailure, failureBody } from "../../data/failures.ts";
import type { CallDetails } from "./calls.ts";

/** An answer before it becomes a Response. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** The token within the body, for those who spoil it. */
  readonly token?: string;
}

/** A request, read and judged. */
export interface Inspection {
  readonly details: CallDetails;
  /** Where the request departs from the protocol: the client's mistake, whatever is answered. */
  readonly faults: readonly string[];
  /** What the service says to it. Issues the token at that moment, and not before. */
  readonly answer: () => Answer;
}

/** The recorded failure of that name as an answer, byte for byte. */
export function recorded(name: string): Answer {
  const failure = azureFailure(name);
  return { status: failure.status, headers: failure.headers, body: failureBody(failure) };
}

/** A JSON answer with the content type that Azure gives it. */
export function json(
  status: number,
  body: unknown,
  token?: string,
  headers: Readonly<Record<string, string>> = {},
): Answer {
  return {
    status,
    headers: { "Content-Type": "application/json; charset=utf-8", ...headers },
    body: JSON.stringify(body),
    ...(token === undefined ? {} : { token }),
  };
}

/** The answer on the wire: its headers and nothing that a Response adds by itself. */
export function toResponse({ status, headers, body }: Answer): Response {
  return new Response(new TextEncoder().encode(body), { status, headers: { ...headers } });
}
