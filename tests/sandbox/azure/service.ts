import { sleep } from "../../../src/runtime/time/clock.ts";
import { abuse, type AbuseContext, isAbuse, nameNotFound, STRAY_HOST } from "./abuses.ts";
import { AcrEndpoint, EXCHANGE_PATH, TOKEN_PATH } from "./acr.ts";
import { ArmedFailures } from "./armed.ts";
import { type AzureCall, type CallKind, Ledger } from "./calls.ts";
import { CloudDirectory } from "./clouds.ts";
import { type Inspection, json, recorded, toResponse } from "./endpoint.ts";
import { ENTRA_PATH, EntraEndpoint } from "./entra.ts";
import { IMDS_PATH, ImdsEndpoint } from "./imds.ts";
import { type Admission, ImdsLimiter } from "./imds_limits.ts";
import { TokenIssuer } from "./issuer.ts";
import type { Settings } from "./options.ts";

/** Anything that looks like a token, wherever it stands in a request. */
const TOKEN = /eyJ[\w-]+\.[\w-]+\.[\w-]*/;

/** Only IMDS limits its callers. */
const FREE: Admission = { leave: () => {} };

/** Thrown at a caller whose request has no business with Azure as the operator uses it. */
export class UnexpectedCallError extends Error {
  override readonly name = "UnexpectedCallError";
}

/** How a request came from the network, where that differs from what it says of itself. */
export interface Arrival {
  readonly url: URL;
  /** Aborts when the front closes. */
  readonly ending: AbortSignal;
}

/** Routes requests to the services' endpoints, under their latency, limits and armed failures. */
export class AzureService {
  readonly ledger = new Ledger();
  readonly armed = new ArmedFailures();
  readonly issuer: TokenIssuer;
  readonly #settings: Settings;
  readonly #clouds: CloudDirectory;
  readonly #imds: ImdsEndpoint;
  readonly #entra: EntraEndpoint;
  readonly #acr: AcrEndpoint;
  readonly #limiter: ImdsLimiter;

  constructor(settings: Settings) {
    this.#settings = settings;
    this.#clouds = new CloudDirectory(settings.airgapped);
    this.issuer = new TokenIssuer(settings.clock, settings.random);
    this.#imds = new ImdsEndpoint(settings, this.#clouds, this.issuer);
    this.#entra = new EntraEndpoint(settings, this.#clouds, this.issuer);
    this.#acr = new AcrEndpoint(settings, this.#clouds, this.issuer);
    this.#limiter = new ImdsLimiter(settings.clock, settings.imdsLimits);
  }

  /**
   * Answers one request, without following redirects. Rejects with an UnexpectedCallError for
   * anything but the four endpoints, with the signal's reason when the client gives up, and with a
   * TypeError where the connection is to fail.
   */
  async handle(request: Request, arrival?: Arrival): Promise<Response> {
    const url = arrival?.url ?? new URL(request.url);
    const signal = arrival?.ending ?? request.signal;
    signal.throwIfAborted();
    if (url.hostname === STRAY_HOST) return await this.#receiveStray(request, url);
    if (this.#settings.isMissingName(url.host)) throw nameNotFound(url);
    const kind = this.#kindOf(url);
    if (kind === undefined) {
      const shown = `${request.method} ${url.origin}${url.pathname}`;
      this.ledger.unexpected.push(shown);
      throw new UnexpectedCallError(`Unexpected call to the fake Azure: ${shown}`);
    }
    return await this.#serve(kind, request, url, signal);
  }

  /** Whether a connection to that host on port 443 leads to a service of this fake. */
  serves(host: string): boolean {
    return host === STRAY_HOST || this.#clouds.isAuthority(host) || this.#settings.isRegistry(host);
  }

  #kindOf(url: URL): CallKind | undefined {
    const { imdsUrl, isRegistry } = this.#settings;
    if (url.username !== "" || url.password !== "") return undefined;
    if (url.origin === imdsUrl.origin) {
      return url.pathname === imdsUrl.pathname.replace(/\/$/, "") + IMDS_PATH ? "imds" : undefined;
    }
    if (url.protocol !== "https:") return undefined;
    if (this.#clouds.isAuthority(url.host)) {
      return ENTRA_PATH.test(url.pathname) ? "entra" : undefined;
    }
    if (!isRegistry(url.host)) return undefined;
    if (url.pathname === EXCHANGE_PATH) return "exchange";
    return url.pathname === TOKEN_PATH ? "token" : undefined;
  }

  async #serve(
    kind: CallKind,
    request: Request,
    url: URL,
    signal: AbortSignal,
  ): Promise<Response> {
    const note = this.ledger.begin(kind, this.#settings.clock.now());
    const admission: Admission = kind === "imds" ? this.#limiter.enter() : FREE;
    try {
      const inspection = await this.#inspect(kind, request, url);
      for (const fault of inspection.faults) this.ledger.violations.push(`${kind}: ${fault}`);
      const call = note(inspection.details);
      if (admission.refusedBy !== undefined) {
        return noted(note, { throttled: admission.refusedBy }, toResponse(recorded("imds-busy")));
      }
      const failure = this.armed.take(call);
      if (failure !== undefined) note({ failure });
      await this.#delay(kind, signal);
      const { answer } = inspection;
      return noted(note, {}, await this.#respond(failure, { kind, request, url, signal, answer }));
    } finally {
      admission.leave();
    }
  }

  async #respond(
    failure: string | undefined,
    exchange: Omit<AbuseContext, "clock" | "issuer">,
  ): Promise<Response> {
    if (failure === undefined) return toResponse(exchange.answer());
    if (!isAbuse(failure)) return toResponse(recorded(failure));
    const { clock } = this.#settings;
    return await abuse(failure, { ...exchange, clock, issuer: this.issuer });
  }

  #inspect(kind: CallKind, request: Request, url: URL): Inspection | Promise<Inspection> {
    if (kind === "imds") return this.#imds.inspect(request, url);
    if (kind === "entra") return this.#entra.inspect(request, url);
    if (kind === "exchange") return this.#acr.inspectExchange(request, url);
    return this.#acr.inspectToken(request, url);
  }

  async #delay(kind: CallKind, signal: AbortSignal): Promise<void> {
    const { imds, entra, acr } = this.#settings.latencyMs;
    const delayMs = kind === "imds" ? imds : kind === "entra" ? entra : acr;
    if (delayMs > 0) await sleep(this.#settings.clock, delayMs, signal);
  }

  /** Answers as a thief would who wants not to be noticed: with something like a credential. */
  async #receiveStray(request: Request, url: URL): Promise<Response> {
    const headers = [...request.headers.values()].join("\n");
    const carriedToken = TOKEN.test(url.href) || TOKEN.test(headers) ||
      TOKEN.test(await request.text());
    const shown = `${request.method} ${url.origin}${url.pathname}`;
    this.ledger.strays.push({ request: shown, carriedToken });
    const bait = this.issuer.opaque();
    return toResponse(json(200, { access_token: bait, refresh_token: bait, expires_in: "3600" }));
  }
}

function noted(
  note: (more: Partial<AzureCall>) => AzureCall,
  more: Partial<AzureCall>,
  response: Response,
): Response {
  note({ ...more, status: response.status });
  return response;
}
