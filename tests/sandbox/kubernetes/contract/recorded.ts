import type { Answer } from "./conversation.ts";

/**
 * What kube-apiserver 1.36 answered to the contract, by conversation, read from recorded.jsonl.
 */
export async function readRecorded(): Promise<Map<string, Answer[]>> {
  const text = await Deno.readTextFile(new URL("./recorded.jsonl", import.meta.url));
  const recorded = new Map<string, Answer[]>();
  for (const line of text.trim().split("\n")) {
    const { conversation, answer } = JSON.parse(line) as { conversation: string; answer: Answer };
    recorded.set(conversation, [...recorded.get(conversation) ?? [], answer]);
  }
  return recorded;
}
