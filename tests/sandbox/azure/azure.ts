import type { AbuseName } from "./abuses.ts";
import type { ArmedFailure, FailOptions } from "./armed.ts";
import type { AzureCall, CallKind, Stray } from "./calls.ts";
import { type Front, listen, type ListenOptions } from "./front.ts";
import {
  completeOptions,
  type FakeAzureOptions,
  type Latencies,
  type RegistryRules,
  type Settings,
  type TokenLifetimes,
} from "./options.ts";
import { followRedirects } from "./redirects.ts";
import { type Arrival, AzureService } from "./service.ts";

/**
 * IMDS, Entra and any number of container registries in one object, on the exact wire: every
 * request is held against the documented protocol, every answer has the documented form. Pass
 * `fetch` to the code under test, or call `listen` for a process of its own.
 */
export class FakeAzure {
  readonly #settings: Settings;
  readonly #service: AzureService;

  constructor(options: FakeAzureOptions) {
    this.#settings = completeOptions(options);
    this.#service = new AzureService(this.#settings);
  }

  /** Stands in for the global `fetch`, its redirects and aborts included. */
  readonly fetch: typeof fetch = async (input, init) => {
    const request = new Request(input, init);
    return await followRedirects(request, (hop) => this.handle(hop));
  };

  /**
   * Answers one request, without following redirects. Rejects with an UnexpectedCallError for
   * anything but the four endpoints, with the signal's reason when the client gives up, and with a
   * TypeError where the connection is to fail.
   */
  handle(request: Request, arrival?: Arrival): Promise<Response> {
    return this.#service.handle(request, arrival);
  }

  /** Where IMDS is reached in process. */
  get imdsUrl(): URL {
    return this.#settings.imdsUrl;
  }

  /** Whether a connection to that host on port 443 leads to a service of this fake. */
  serves(host: string): boolean {
    return this.#service.serves(host);
  }

  /** Whether DNS lacks that name, as of a registry that nobody has made. */
  lacks(host: string): boolean {
    return this.#settings.isMissingName(host);
  }

  /** Serves IMDS and an HTTPS proxy on loopback ports, for an operator in another process. */
  listen(options: ListenOptions = {}): Promise<Front> {
    return listen(this, options);
  }

  /**
   * Answers the next matching requests with the recorded failure or the abuse of that name.
   * Failures are used in the order in which they were armed.
   */
  fail(name: AbuseName | (string & Record<never, never>), options?: FailOptions): ArmedFailure {
    return this.#service.armed.arm(name, options);
  }

  /** Forgets every armed failure. */
  clearFailures(): void {
    this.#service.armed.clear();
  }

  /** Changes how a registry is set up, from the next request on. */
  setRegistry(host: string, rules: RegistryRules): void {
    this.#settings.registryRules.set(host, rules);
  }

  /** Token lifetimes in milliseconds; may be changed at any time. */
  get tokenLifetimeMs(): TokenLifetimes {
    return this.#settings.tokenLifetimeMs;
  }

  /** Latencies in milliseconds; may be changed at any time. */
  get latencyMs(): Latencies {
    return this.#settings.latencyMs;
  }

  /** Every request that reached an endpoint, in order of arrival. */
  calls(): AzureCall[] {
    return this.#service.ledger.calls();
  }

  /** How many requests of each kind have arrived. */
  counts(): Record<CallKind, number> {
    return this.#service.ledger.counts();
  }

  /** How many requests each of IMDS's limits has refused. */
  throttles(): { rate: number; concurrency: number } {
    return this.#service.ledger.throttles();
  }

  /** Every value handed out as a token, to search logs and snapshots for. */
  issuedTokens(): string[] {
    return this.#service.issuer.tokens();
  }

  /** Requests that nobody should have sent: method, origin and path. */
  unexpected(): string[] {
    return [...this.#service.ledger.unexpected];
  }

  /** Departures from the protocol, one sentence each. */
  violations(): string[] {
    return [...this.#service.ledger.violations];
  }

  /** Requests that followed a redirect away from Azure. */
  strays(): Stray[] {
    return [...this.#service.ledger.strays];
  }

  /** Records a request that nobody should have sent. */
  reportUnexpected(shown: string): void {
    this.#service.ledger.unexpected.push(shown);
  }

  /** Records a departure from the protocol. */
  reportViolation(sentence: string): void {
    this.#service.ledger.violations.push(sentence);
  }

  /** Throws when anything came that is no call of the protocol, or followed a redirect away. */
  assertNoUnexpected(): void {
    this.#service.ledger.assertNoUnexpected();
  }

  /** Throws when a request departed from the protocol. */
  assertNoViolations(): void {
    this.#service.ledger.assertNoViolations();
  }

  /** Throws when an armed failure has not met all of its requests. */
  assertFailuresMet(): void {
    this.#service.armed.assertMet();
  }

  /** All three assertions, for the end of a test. */
  assertClean(): void {
    this.assertNoUnexpected();
    this.assertNoViolations();
    this.assertFailuresMet();
  }
}
