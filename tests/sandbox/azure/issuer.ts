import type { Clock } from "../../../src/runtime/time/clock.ts";
import type { Random } from "../../../src/runtime/random.ts";
import { type Claims, decodeJwt, encodeJwt } from "./jwt.ts";

/** What a token stands for, whoever holds it. */
export interface Grant {
  /** `identity` is an Entra token, from IMDS or from Entra itself. */
  readonly kind: "identity" | "refresh" | "access";
  /** The identity that Azure saw. */
  readonly who: string;
  /** The audience as it was asked for: at IMDS the resource, at Entra the whole scope. */
  readonly arm: string;
  /** The audience of an identity token, without `/.default`. */
  readonly audience: string;
  /** The registry that a refresh or access token is for. */
  readonly registry?: string;
}

interface Issued {
  readonly grant: Grant;
  readonly expiresAtMs: number;
}

/** Makes every token of one fake Azure and remembers all of them. */
export class TokenIssuer {
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #issued = new Map<string, Issued>();
  readonly #spoiled: string[] = [];
  #count = 0;

  constructor(clock: Clock, random: Random) {
    this.#clock = clock;
    this.#random = random;
  }

  /** Issues a token with `claims` besides the registered times and an identifier of its own. */
  issue(grant: Grant, lifetimeMs: number, claims: Claims): string {
    const now = this.#clock.now();
    const seconds = Math.floor(now / 1000);
    const token = encodeJwt({
      ...claims,
      iat: seconds,
      nbf: seconds,
      exp: Math.floor((now + lifetimeMs) / 1000),
      jti: this.#nextId(),
    });
    this.#issued.set(token, { grant, expiresAtMs: now + lifetimeMs });
    return token;
  }

  /** The grant behind a token of this issuer that has not expired. */
  redeem(token: string): Grant | undefined {
    const issued = this.#issued.get(token);
    return issued !== undefined && this.#clock.now() < issued.expiresAtMs
      ? issued.grant
      : undefined;
  }

  /** A copy of an issued token with other claims. Nothing can be had for it, yet it is a secret. */
  spoil(token: string, change: (claims: Claims) => Claims): string {
    return this.#rememberSpoiled(encodeJwt(change(decodeJwt(token) ?? {})));
  }

  /** A value that is no token at all, and a secret all the same. */
  opaque(): string {
    return this.#rememberSpoiled(`opaque-${this.#nextId()}`);
  }

  /** Every value ever handed out as a token. */
  tokens(): string[] {
    return [...this.#issued.keys(), ...this.#spoiled];
  }

  #rememberSpoiled(value: string): string {
    this.#spoiled.push(value);
    return value;
  }

  /** A GUID whose last group counts, so that no two tokens are alike whatever `random` says. */
  #nextId(): string {
    const group = (digits: number) =>
      Math.floor(this.#random() * 16 ** digits).toString(16).padStart(digits, "0");
    const counter = (++this.#count).toString(16).padStart(12, "0");
    return `${group(8)}-${group(4)}-4${group(3)}-a${group(3)}-${counter}`;
  }
}
