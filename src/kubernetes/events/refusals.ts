import { type Clock, isWithin } from "../../runtime/time/clock.ts";
import type { ApiError } from "../http/errors.ts";
import type { Logger } from "../../telemetry/log/logger.ts";
import { BoundedMap } from "../../runtime/bounded_map.ts";

/** After a refusal a namespace is left alone for this long. */
const REST_MS = 600_000;
const MOST_NAMESPACES = 4_096;

/**
 * Remembers the namespaces in which RBAC allows no Events: each is told of once and tried again
 * after ten minutes, in case a Role has been added.
 */
export class Refusals {
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #refusedAt = new BoundedMap<string, number>(MOST_NAMESPACES);

  constructor(clock: Clock, log: Logger) {
    this.#clock = clock;
    this.#log = log;
  }

  /** Nothing is to be tried in this namespace at present. */
  covers(namespace: string): boolean {
    const refusedAt = this.#refusedAt.get(namespace);
    return refusedAt !== undefined && isWithin(this.#clock.now(), refusedAt, REST_MS);
  }

  refused(namespace: string, verb: "create" | "patch", error: ApiError): void {
    const isTold = this.#refusedAt.get(namespace) !== undefined;
    this.#refusedAt.set(namespace, this.#clock.now());
    if (isTold) return;
    this.#log.warn(
      `the ServiceAccount may not ${verb} Events in namespace ${namespace}, so none are written ` +
        `there: grant it the verbs create and patch on events to have them`,
      { namespace, verb, error },
    );
  }

  allowed(namespace: string): void {
    this.#refusedAt.delete(namespace);
  }
}
