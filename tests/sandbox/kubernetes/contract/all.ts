import type { Conversation } from "./conversation.ts";
import { APPLY_CONVERSATIONS } from "./applying.ts";
import { ASKING_CONVERSATIONS } from "./asking.ts";
import { CORE_CONVERSATIONS } from "./core_kinds.ts";
import { READING_CONVERSATIONS } from "./reading.ts";
import { GAUGE_CONVERSATIONS } from "./gauges.ts";
import { WIDGET_CONVERSATIONS } from "./widgets.ts";

/**
 * The contract of the API server: what its answers are recorded for in recorded.json, and what both
 * the real server and the one in memory must keep.
 */
export const CONVERSATIONS: readonly Conversation[] = [
  ...WIDGET_CONVERSATIONS,
  ...CORE_CONVERSATIONS,
  ...READING_CONVERSATIONS,
  ...APPLY_CONVERSATIONS,
  ...ASKING_CONVERSATIONS,
  ...GAUGE_CONVERSATIONS,
];

/** A namespace for each conversation; `run` tells one run on a shared server from the next. */
export function namespaceOf(conversation: Conversation, run: string): string {
  return `contract-${run}-${CONVERSATIONS.indexOf(conversation)}`;
}
