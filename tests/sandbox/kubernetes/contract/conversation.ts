import type { JsonObject } from "../model/json.ts";

/** One request of a conversation. `{ns}` in path and body stands for the conversation's namespace. */
export interface Step {
  readonly method: string;
  readonly path: string;
  readonly body?: JsonObject | string | unknown[];
  /** Default: application/json with a body. */
  readonly contentType?: string;
  readonly accept?: string;
  /** Default: contract/1. */
  readonly userAgent?: string;
}

/** The answer to one step. `body` is JSON, the lines of a watch, or text. */
export interface Answer {
  readonly status: number;
  readonly contentType: string;
  readonly warnings: readonly string[];
  readonly body: unknown;
}

/** A step may be built from the answers before it, as they came from the server. */
export type StepOf = Step | ((answers: readonly Answer[]) => Step);

/** A series of requests in a namespace of its own, and one sentence on what it is about. */
export interface Conversation {
  readonly name: string;
  readonly steps: readonly StepOf[];
}

/** Sends one request to the server under test, whose path starts with a slash. */
export type Send = (path: string, init: RequestInit) => Promise<Response>;

/** The metadata of an answer's object. */
export function metadataOf(answer: Answer | undefined): Record<string, string> {
  const body = answer?.body as { metadata?: Record<string, string> } | undefined;
  return body?.metadata ?? {};
}

/** Holds the conversation with a server and answers what it said, word by word. */
export async function hold(
  send: Send,
  conversation: Conversation,
  namespace: string,
): Promise<Answer[]> {
  const answers: Answer[] = [];
  for (const next of conversation.steps) {
    const step = typeof next === "function" ? next(answers) : next;
    answers.push(await ask(send, step, namespace));
  }
  return answers;
}

async function ask(send: Send, step: Step, namespace: string): Promise<Answer> {
  const put = (text: string) => text.replaceAll("{ns}", namespace);
  const headers = new Headers({
    accept: step.accept ?? "application/json",
    "user-agent": step.userAgent ?? "contract/1",
  });
  const init: RequestInit = { method: step.method, headers };
  if (step.body !== undefined) {
    headers.set("content-type", step.contentType ?? "application/json");
    init.body = put(typeof step.body === "string" ? step.body : JSON.stringify(step.body));
  }
  const response = await send(put(step.path), init);
  const text = await response.text();
  return {
    status: response.status,
    contentType: response.headers.get("content-type") ?? "",
    warnings: response.headers.get("warning")?.split(/, (?=299 )/) ?? [],
    body: parse(text, step.path),
  };
}

function parse(text: string, path: string): unknown {
  if (/[?&]watch=/.test(path) && text.startsWith('{"type"')) {
    return text.trim().split("\n").map((line): unknown => JSON.parse(line));
  }
  try {
    return JSON.parse(text);
  } catch {
    return text; // Not JSON: YAML, or the plain text of a 404.
  }
}
