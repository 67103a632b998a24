/**
 * Records what a real kube-apiserver answers to the contract:
 *
 *     deno run -A --unsafely-ignore-certificate-errors=127.0.0.1 \
 *       tests/sandbox/kubernetes/contract/record.ts https://127.0.0.1:6443 TOKEN > recorded.json
 */
import { parse } from "yaml";
import { CONVERSATIONS, namespaceOf } from "./all.ts";
import { hold, type Send } from "./conversation.ts";
import { GADGETS, WIDGETS } from "./fixtures.ts";
import { normalize } from "./normalize.ts";

/** Installs the contract's kinds and waits until they are served. */
export async function installFixtures(send: Send): Promise<void> {
  const path = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
  for (const manifest of [WIDGETS, GADGETS]) {
    const body = JSON.stringify(parse(manifest));
    const response = await send(path, {
      method: "POST",
      body,
      headers: { "content-type": "application/json" },
    });
    await response.body?.cancel();
  }
  for (const plural of ["widgets", "gadgets"]) await untilServed(send, plural);
}

async function untilServed(send: Send, plural: string): Promise<void> {
  for (let attempt = 0; attempt < 100; attempt++) {
    const response = await send(`/apis/contract.example/v1/${plural}`, {});
    await response.body?.cancel();
    if (response.ok) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`${plural}.contract.example is not served after 10 seconds`);
}

/** Creates the namespace of a conversation. */
export async function createNamespace(send: Send, name: string): Promise<void> {
  const body = JSON.stringify({ metadata: { name } });
  const headers = { "content-type": "application/json" };
  const response = await send("/api/v1/namespaces", { method: "POST", body, headers });
  await response.body?.cancel();
  if (!response.ok) throw new Error(`namespace ${name} was answered ${response.status}`);
}

async function record(send: Send, run: string): Promise<Record<string, unknown>> {
  await installFixtures(send);
  const recorded: Record<string, unknown> = {};
  for (const conversation of CONVERSATIONS) {
    const namespace = namespaceOf(conversation, run);
    await createNamespace(send, namespace);
    recorded[conversation.name] = normalize(await hold(send, conversation, namespace), namespace);
  }
  return recorded;
}

if (import.meta.main) {
  const [server = "https://127.0.0.1:6443", token = ""] = Deno.args;
  const send: Send = (path, init) => {
    const headers = new Headers(init.headers);
    if (token !== "") headers.set("authorization", `Bearer ${token}`);
    return fetch(server + path, { ...init, headers });
  };
  const recorded = await record(send, crypto.randomUUID().slice(0, 8));
  await Deno.stdout.write(new TextEncoder().encode(`${JSON.stringify(recorded, undefined, 1)}\n`));
}
