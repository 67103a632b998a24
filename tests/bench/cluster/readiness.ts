import { readLines } from "../servers/lines.ts";
import type { BenchNamespace, Binding } from "./namespace.ts";
import type { Group } from "./workload.ts";

/** Which bindings have come to where they should be, and when each did. */
export interface Progress {
  /** Moments of `performance.now()` in their order, once `count` bindings are done. */
  readonly moments: Promise<readonly number[]>;
  /** How many are done so far. */
  readonly done: number;
  /** Ends the watch. */
  stop(): Promise<void>;
}

/** Whether the condition Ready is True. */
export function isReady({ status }: Binding): boolean {
  return status?.conditions?.some(({ type, status }) => type === "Ready" && status === "True") ??
    false;
}

/**
 * Watches until `count` bindings fulfil `condition`. Each event is taken in as it comes, so that
 * the moments are those at which a user's `kubectl wait` would have known.
 */
export async function watchProgress(
  namespace: BenchNamespace,
  group: Group,
  count: number,
  condition: (binding: Binding) => boolean,
): Promise<Progress> {
  const { metadata } = await namespace.listBindings(group);
  const stream = await namespace.watchBindings(group, metadata.resourceVersion);
  const done = new Map<string, number>();
  const follow = async () => {
    for await (const line of readLines(stream)) {
      const { type, object } = JSON.parse(line) as { type: string; object: Binding };
      if (type === "ERROR") throw new Error(`the bench's own watch failed: ${line}`);
      const { name } = object.metadata;
      if (!done.has(name) && condition(object)) done.set(name, performance.now());
      if (done.size === count) return [...done.values()];
    }
    throw new Error("the bench's own watch ended early");
  };
  const moments = follow();
  // Whoever gives up waiting stops the watch, whose end is then no error to anyone.
  moments.catch(() => {});
  return {
    moments,
    get done() {
      return done.size;
    },
    stop: async () => {
      // The reader of lines has locked the stream; its own end cancels it.
      await stream.cancel().catch(() => {});
    },
  };
}
