import type { FailureClass } from "../azure/errors.ts";
import type { Random } from "../runtime/random.ts";

/** Delays of one class of failure: the bound of the first, doubled each time up to the cap. */
interface Delays {
  readonly firstMs: number;
  readonly capMs: number;
}

const SECOND = 1000;
const MINUTE = 60 * SECOND;

/**
 * How soon a failed attempt is made again. What may heal without a change in the cluster (a role or
 * federated credential granted later, a firewall opened, a registry created) is asked again within
 * 5 minutes.
 */
const POLICY: Readonly<Record<FailureClass, Delays>> = {
  transient: { firstMs: 2 * SECOND, capMs: 5 * MINUTE },
  throttled: { firstMs: 4 * SECOND, capMs: 5 * MINUTE },
  "auth-denied": { firstMs: 10 * SECOND, capMs: 5 * MINUTE },
  "permanent-user-error": { firstMs: 10 * SECOND, capMs: 5 * MINUTE },
};

/** Not even by the luck of the draw is a failed attempt made again at once. */
const SHORTEST_MS = 500;

/**
 * Milliseconds until the next attempt after `failures` in a row (1 or more): exponential with full
 * jitter, and never sooner than the service asked for.
 */
export function retryDelay(
  failure: { readonly class: FailureClass; readonly retryAfterMs?: number | undefined },
  failures: number,
  random: Random,
): number {
  const { firstMs, capMs } = POLICY[failure.class];
  const bound = Math.min(capMs, firstMs * 2 ** Math.min(failures - 1, 30));
  const delay = SHORTEST_MS + random() * (bound - SHORTEST_MS);
  return Math.max(delay, failure.retryAfterMs ?? 0);
}
