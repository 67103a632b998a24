/** The four endpoints of Azure that the operator may call. */
export type CallKind = "imds" | "entra" | "exchange" | "token";

/** Every kind of call, in the order in which a credential needs them. */
export const CALL_KINDS: readonly CallKind[] = ["imds", "entra", "exchange", "token"];

/** What a request asked for. Never a token. */
export interface CallDetails {
  /** The identity as Azure sees it; absent where the request shows none that is known. */
  readonly who?: string;
  /** The registry called. */
  readonly registry?: string;
  /** The scopes asked for, joined by a space. */
  readonly scope?: string;
  /** The audience asked for at IMDS or Entra, without `/.default`. */
  readonly audience?: string;
  /** The Entra tenant called. */
  readonly tenant?: string;
}

/** One request that reached an endpoint, and what came of it. */
export interface AzureCall extends CallDetails {
  readonly kind: CallKind;
  /** Arrival, in milliseconds of the fake's clock. */
  readonly at: number;
  /** Absent while unanswered, and where the connection broke instead. */
  readonly status?: number;
  /** The name of the armed failure that answered. */
  readonly failure?: string;
  /** Which of IMDS's limits refused the request. */
  readonly throttled?: "rate" | "concurrency";
}

/** A request that followed a redirect away from Azure. */
export interface Stray {
  /** Method, origin and path. */
  readonly request: string;
  /** Whether a token or a client assertion came with it. */
  readonly carriedToken: boolean;
}

/** What one fake Azure has seen. Kept free of tokens, so that a test may print it. */
export class Ledger {
  readonly #calls: AzureCall[] = [];
  readonly unexpected: string[] = [];
  readonly violations: string[] = [];
  readonly strays: Stray[] = [];

  /** Records an arrival. The function that comes back adds to the record. */
  begin(kind: CallKind, at: number): (more: Partial<AzureCall>) => AzureCall {
    const index = this.#calls.push({ kind, at }) - 1;
    return (more) => this.#calls[index] = { ...this.#calls[index]!, ...more };
  }

  /** The calls so far, in order of arrival. */
  calls(): AzureCall[] {
    return [...this.#calls];
  }

  /** How many calls of each kind have arrived. */
  counts(): Record<CallKind, number> {
    const counts = { imds: 0, entra: 0, exchange: 0, token: 0 };
    for (const call of this.#calls) counts[call.kind]++;
    return counts;
  }

  /** How many requests each of IMDS's limits has refused. */
  throttles(): { rate: number; concurrency: number } {
    const throttles = { rate: 0, concurrency: 0 };
    for (const { throttled } of this.#calls) if (throttled !== undefined) throttles[throttled]++;
    return throttles;
  }

  /** Throws when anything came that is no call of the protocol, or followed a redirect away. */
  assertNoUnexpected(): void {
    const strays = this.strays.map(({ request, carriedToken }) =>
      `${request} after a redirect, ${carriedToken ? "with" : "without"} a token`
    );
    assertNone("Unexpected calls to the fake Azure", [...this.unexpected, ...strays]);
  }

  /** Throws when a request departed from the protocol. */
  assertNoViolations(): void {
    assertNone("Calls to the fake Azure against its protocol", this.violations);
  }
}

/** Throws an Error that lists the entries, one a line, when there are any. */
export function assertNone(what: string, entries: readonly string[]): void {
  if (entries.length > 0) throw new Error(`${what}:\n${entries.map((e) => `  ${e}`).join("\n")}`);
}
