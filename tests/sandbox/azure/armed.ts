import { azureFailure, azureFailures, isAnswerOfAzure } from "../../data/failures.ts";
import { ABUSES, isAbuse } from "./abuses.ts";
import { assertNone, type AzureCall, CALL_KINDS, type CallKind } from "./calls.ts";

/** Which requests a failure answers. */
export interface FailOptions {
  /** How many requests, one by default; Infinity until cancelled. */
  readonly times?: number;
  /** The endpoint: a recorded failure's own by default, any for an abuse. */
  readonly endpoint?: CallKind;
  /** Only requests whose record passes; it has no status yet. */
  readonly match?: (call: AzureCall) => boolean;
}

/** A failure that waits for its requests. */
export interface ArmedFailure {
  readonly name: string;
  /** How many requests it has answered. */
  used(): number;
  /** Answers no further request; what is left does not count as missing. */
  cancel(): void;
}

interface Waiting {
  readonly name: string;
  readonly endpoints: readonly CallKind[];
  readonly match: (call: AzureCall) => boolean;
  left: number;
  used: number;
}

/** The failures that a test has asked for, in the order in which it asked. */
export class ArmedFailures {
  #waiting: Waiting[] = [];

  /**
   * Arms the recorded failure or the abuse of that name. Throws a RangeError for an unknown name,
   * and for a failure of Kubernetes without an endpoint of Azure's.
   */
  arm(name: string, options: FailOptions = {}): ArmedFailure {
    const waiting: Waiting = {
      name,
      endpoints: options.endpoint === undefined ? defaultEndpoints(name) : [options.endpoint],
      match: options.match ?? (() => true),
      left: options.times ?? 1,
      used: 0,
    };
    this.#waiting.push(waiting);
    return { name, used: () => waiting.used, cancel: () => void (waiting.left = 0) };
  }

  /** The name of the first failure armed for that call, which is then used up by one. */
  take(call: AzureCall): string | undefined {
    const found = this.#waiting.find((waiting) =>
      waiting.left > 0 && waiting.endpoints.includes(call.kind) && waiting.match(call)
    );
    if (found === undefined) return undefined;
    found.left--;
    found.used++;
    return found.name;
  }

  /**
   * Throws when a failure has not met all of its requests; one without a limit is missing when no
   * request came at all.
   */
  assertMet(): void {
    const missing = this.#waiting
      .filter(({ left, used }) => left === Infinity ? used === 0 : left > 0)
      .map(({ name, left }) => left === Infinity ? name : `${name} (${left} left)`);
    assertNone("Failures armed at the fake Azure that no call met", missing);
  }

  /** Forgets every failure. */
  clear(): void {
    for (const waiting of this.#waiting) waiting.left = 0;
    this.#waiting = [];
  }
}

function defaultEndpoints(name: string): readonly CallKind[] {
  if (isAbuse(name)) return CALL_KINDS;
  if (!azureFailures().some((failure) => failure.name === name)) {
    throw new RangeError(
      `Neither a recorded failure nor an abuse is named ${JSON.stringify(name)}; abuses are: ${
        ABUSES.join(", ")
      }`,
    );
  }
  const failure = azureFailure(name);
  if (isAnswerOfAzure(failure)) return [failure.endpoint as CallKind];
  throw new RangeError(
    failure.endpoint === "token"
      ? `${name} is no answer as it stands; have the registry grant less by setRegistry`
      : `${name} is an answer of another service; take it from tests/data/failures.ts`,
  );
}
