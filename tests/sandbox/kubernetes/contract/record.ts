/**
 * Records what a real kube-apiserver answers to the contract:
 *
 *     deno run -A --unsafely-ignore-certificate-errors=127.0.0.1 \
 *       tests/sandbox/kubernetes/contract/record.ts https://127.0.0.1:6443 TOKEN \
 *       > tests/sandbox/kubernetes/contract/recorded.jsonl
 *
 * The server runs without controller-manager and with --disable-admission-plugins=ServiceAccount.
 */
import { CONVERSATIONS } from "./all.ts";
import type { Send } from "./conversation.ts";
import { installFixtures, replay } from "./prepare.ts";

/** One line for each answer: the conversation, the step, the answer. */
async function record(send: Send): Promise<string> {
  await installFixtures(send, () => new Promise((resolve) => setTimeout(resolve, 100)));
  const run = crypto.randomUUID().slice(0, 8);
  const lines: string[] = [];
  for (const conversation of CONVERSATIONS) {
    const answers = await replay(send, conversation, run);
    answers.forEach((answer, step) => {
      lines.push(JSON.stringify({ conversation: conversation.name, step, answer }));
    });
  }
  return `${lines.join("\n")}\n`;
}

async function main(server: string, token: string): Promise<void> {
  const text = await record((path, init) => {
    const headers = new Headers(init.headers);
    if (token !== "") headers.set("authorization", `Bearer ${token}`);
    return fetch(server + path, { ...init, headers });
  });
  await Deno.stdout.write(new TextEncoder().encode(text));
}

if (import.meta.main) {
  main(Deno.args[0] ?? "https://127.0.0.1:6443", Deno.args[1] ?? "").catch((error: unknown) => {
    reportError(error);
  });
}
