import { parse } from "yaml";
import { namespaceOf } from "./all.ts";
import { type Conversation, hold, type Send } from "./conversation.ts";
import { GADGETS, GAUGES, WIDGETS } from "./fixtures.ts";
import { normalize } from "./normalize.ts";
import type { Answer } from "./conversation.ts";

const DEFINITIONS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
const JSON_BODY = { "content-type": "application/json", "user-agent": "contract/1" };

/**
 * Installs the contract's kinds, unless they are there, and waits with `pause` until they are
 * served. The managed fields of a definition name `record` as their manager.
 */
export async function installFixtures(send: Send, pause: () => Promise<void>): Promise<void> {
  for (const manifest of [WIDGETS, GADGETS, GAUGES]) {
    const body = JSON.stringify(parse(manifest));
    const headers = { ...JSON_BODY, "user-agent": "record/1" };
    await (await send(DEFINITIONS, { method: "POST", body, headers })).body?.cancel();
  }
  for (const plural of ["widgets", "gadgets", "gauges"]) await untilServed(send, plural, pause);
}

async function untilServed(
  send: Send,
  plural: string,
  pause: () => Promise<void>,
): Promise<void> {
  for (let attempt = 0; attempt < 100; attempt++) {
    const response = await send(`/apis/contract.example/v1/${plural}`, {});
    await response.body?.cancel();
    if (response.ok) return;
    await pause();
  }
  throw new Error(`${plural}.contract.example is not served`);
}

/**
 * Holds one conversation with a server in a new namespace and answers what it said, normalized.
 * `run` tells one run on a shared server from the next.
 */
export async function replay(
  send: Send,
  conversation: Conversation,
  run: string,
): Promise<Answer[]> {
  const name = namespaceOf(conversation, run);
  const body = JSON.stringify({ metadata: { name } });
  const response = await send("/api/v1/namespaces", { method: "POST", body, headers: JSON_BODY });
  await response.body?.cancel();
  if (!response.ok) throw new Error(`namespace ${name} was answered ${response.status}`);
  return normalize(await hold(send, conversation, name), name);
}
