import { isDenial, isForbidden, isNotFound } from "../http/errors.ts";
import type { Logger } from "../../telemetry/log/logger.ts";

/** The verbs of RBAC that an election needs on its Lease. */
export type LeaseVerb = "get" | "create" | "update";

/** Where the Lease is kept. */
export interface LeasePlace {
  readonly namespace: string;
  readonly name: string;
}

/**
 * Tells of failed requests once, however often they are repeated, and of their end. The election
 * asks every two seconds, and its log must stay readable through an outage of an hour.
 */
export class LeaseProblems {
  readonly #log: Logger;
  readonly #place: LeasePlace;
  readonly #told = new Set<string>();

  constructor(log: Logger, place: LeasePlace) {
    this.#log = log;
    this.#place = place;
  }

  /** A request with `verb` failed. Says so unless it has since the last success. */
  failed(verb: LeaseVerb, error: unknown): void {
    const { sentence, lasting } = describe(verb, error, this.#place);
    if (this.#told.has(sentence)) return;
    this.#told.add(sentence);
    const fields = { ...this.#place, verb, error };
    if (lasting) this.#log.error(sentence, fields);
    else this.#log.warn(sentence, fields);
  }

  /** The lease was read or written as wanted. */
  solved(): void {
    if (this.#told.size === 0) return;
    this.#told.clear();
    this.#log.info("the leader lease can be read and written again", { ...this.#place });
  }
}

/** `namespace/name`, for messages. */
export function nameOf({ namespace, name }: LeasePlace): string {
  return `${namespace}/${name}`;
}

function describe(verb: LeaseVerb, error: unknown, { namespace, name }: LeasePlace) {
  if (isDenial(error)) {
    const sentence =
      `an admission webhook or policy refuses to ${verb} Lease ${name} in namespace ${namespace}: ` +
      "have it exempt the operator";
    return { sentence, lasting: true };
  }
  if (isForbidden(error)) {
    const sentence =
      `the ServiceAccount may not ${verb} Lease ${name} in namespace ${namespace}: ` +
      `grant it the verb ${verb} on leases.coordination.k8s.io by a Role there`;
    return { sentence, lasting: true };
  }
  if (isNotFound(error)) {
    const sentence =
      `namespace ${namespace} for Lease ${name} does not exist, so ${verb} failed: ` +
      "create it or choose another for leader election";
    return { sentence, lasting: true };
  }
  return { sentence: `${verb} of the leader lease failed`, lasting: false };
}
