import { connectionError, connectionFailures } from "../../data/connection_failures.ts";
import { type Clock, sleep } from "../../../src/runtime/time/clock.ts";
import type { CallKind } from "./calls.ts";
import { type Answer, toResponse } from "./endpoint.ts";
import type { TokenIssuer } from "./issuer.ts";
import { bodyOf, failingStream, streamOf } from "./streams.ts";

/** The host to which `redirect-302` and `redirect-307` point. Nobody must ever call it. */
export const STRAY_HOST = "collector.example.net";
/** The size of the body of `huge`. */
export const HUGE_BYTES = 50 * 1024 * 1024;
/** The pause before each byte of `slow-drip`, in milliseconds of the clock. */
export const DRIP_MS = 1000;

const CHUNK = 64 * 1024;

/** What an abuse works with. */
export interface AbuseContext {
  readonly kind: CallKind;
  readonly request: Request;
  readonly url: URL;
  readonly clock: Clock;
  readonly issuer: TokenIssuer;
  /** Aborts when a client in this process gives up, or the network front closes. */
  readonly signal: AbortSignal;
  /** What would have been answered. */
  readonly answer: () => Answer;
}

type Abuse = (context: AbuseContext) => Response | Promise<Response>;

const TABLE = {
  /** 200 with a page, as a captive portal gives. */
  "html": () =>
    toResponse({
      status: 200,
      headers: { "Content-Type": "text/html; charset=utf-8" },
      body: "<!DOCTYPE html><html><head><title>Sign in</title></head><body>Sign in</body></html>",
    }),
  /** 200 without a body. */
  "empty": () => toResponse({ status: 200, headers: {}, body: "" }),
  /** 200 with a JSON object that has no token. */
  "no-token": () =>
    toResponse({ status: 200, headers: { "Content-Type": "application/json" }, body: "{}" }),
  /** The usual answer around a value that is no JWT. */
  "not-a-jwt": (context) => withToken(context, () => context.issuer.opaque()),
  /** The usual answer around a token without `exp`. */
  "no-exp": (context) =>
    withToken(context, (token) => context.issuer.spoil(token, ({ exp: _, ...rest }) => rest)),
  /** The usual answer around a token that expired a minute ago. */
  "exp-past": (context) =>
    withToken(context, (token) => {
      const exp = Math.floor(context.clock.now() / 1000) - 60;
      return context.issuer.spoil(token, (claims) => ({ ...claims, exp }));
    }),
  /** The usual answer around a token of 40 KB, which is less than an answer may have. */
  "long-token": (context) =>
    withToken(
      context,
      (token) =>
        context.issuer.spoil(token, (claims) => ({ ...claims, filler: "x".repeat(30_000) })),
    ),
  /** 200 with well-formed JSON of 50 MB, streamed. */
  "huge": huge,
  /** No answer until the client gives up. */
  "hang": ({ request, signal }) => hang(AbortSignal.any([request.signal, signal])),
  /** A redirect to another host that turns POST into GET. */
  "redirect-302": () => redirect(302),
  /** A redirect to another host that keeps method and body. */
  "redirect-307": () => redirect(307),
  /** The usual answer, cut in the middle of its body. */
  "cut": cut,
  /** The usual answer, one byte a second. */
  "slow-drip": drip,
} satisfies Record<string, Abuse>;

/** What `fetch` rejects with where the host's name does not resolve. */
export function nameNotFound(url: URL): TypeError {
  return new TypeError(
    `error sending request for url (${url.origin}${url.pathname}): client error (Connect): ` +
      "dns error: failed to lookup address information: Name or service not known",
  );
}

/** An abuse in which the host answers, or not. */
export type AnswerAbuse = keyof typeof TABLE;
/** What a broken or hostile party does, beyond the recorded answers; or a failed connection. */
export type AbuseName = AnswerAbuse | (string & Record<never, never>);

/** The names of those in which a connection is there. */
export const ANSWER_ABUSES: readonly AnswerAbuse[] = Object.keys(TABLE).filter(isAnswerAbuse);

/** The names of all abuses. The last are those by which fetch rejects: tests/data has their texts. */
export const ABUSES: readonly AbuseName[] = [
  ...ANSWER_ABUSES,
  ...connectionFailures().map(({ name }) => name),
];

/** Whether an abuse has that name. */
export function isAbuse(name: string): name is AbuseName {
  return ABUSES.includes(name);
}

function isAnswerAbuse(name: string): name is AnswerAbuse {
  return Object.hasOwn(TABLE, name);
}

/** Answers as the abuse of that name does, or rejects as Deno's fetch was seen to. */
export async function abuse(name: AbuseName, context: AbuseContext): Promise<Response> {
  const failure = connectionFailures().find((failure) => failure.name === name);
  if (failure !== undefined) throw connectionError(failure, context.url);
  const act: Abuse = TABLE[name as AnswerAbuse];
  return await act(context);
}

/** Replaces the token of the usual answer; a refusal has none and stays. */
function withToken(context: AbuseContext, change: (token: string) => string): Response {
  const answer = context.answer();
  if (answer.token === undefined) return toResponse(answer);
  return toResponse({ ...answer, body: answer.body.replace(answer.token, change(answer.token)) });
}

function redirect(status: number): Response {
  const headers = { Location: `https://${STRAY_HOST}/oauth2/token` };
  return toResponse({ status, headers, body: "" });
}

function huge({ kind, signal }: AbuseContext): Response {
  const field = kind === "exchange" ? "refresh_token" : "access_token";
  const head = `{"${field}":"`;
  const tail = `"}`;
  const filler = new Uint8Array(CHUNK).fill("A".charCodeAt(0));
  let left = HUGE_BYTES - head.length - tail.length;
  let begun = false;
  const body = streamOf(signal, () => {
    if (!begun) {
      begun = true;
      return new TextEncoder().encode(head);
    }
    if (left < 0) return undefined;
    if (left === 0) {
      left = -1;
      return new TextEncoder().encode(tail);
    }
    const size = Math.min(CHUNK, left);
    left -= size;
    return filler.slice(0, size);
  });
  return new Response(body, { status: 200, headers: { "Content-Type": "application/json" } });
}

function hang(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    if (signal.aborted) return reject(signal.reason);
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
  });
}

function cut({ answer }: AbuseContext): Response {
  const { status, headers, body } = answer();
  const bytes = new TextEncoder().encode(body);
  return new Response(failingStream(bytes.slice(0, bytes.length >> 1)), {
    status,
    headers: { ...headers, "Content-Length": String(bytes.length) },
  });
}

function drip({ answer, clock, signal }: AbuseContext): Response {
  const { status, headers, body } = answer();
  const bytes = bodyOf(body);
  const stream = streamOf(signal, async (ended) => {
    const next = bytes.next();
    if (next.done) return undefined;
    await sleep(clock, DRIP_MS, ended);
    return next.value;
  });
  return new Response(stream, { status, headers: { ...headers } });
}
