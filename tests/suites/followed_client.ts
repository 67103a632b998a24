import type { RequestOptions, RestClient } from "../../src/kubernetes/http/contract.ts";

/**
 * A client whose requests are followed: how many wait for their answer. `lagMs` has every answer
 * come that much late, as on a busy machine. The cluster then shows what was written, and its
 * watches tell of it, before the writer hears of it.
 */
export class FollowedClient implements RestClient, Disposable {
  readonly #rest: RestClient;
  readonly #lagMs: number;
  #underWay = 0;

  constructor(rest: RestClient, lagMs: number) {
    this.#rest = rest;
    this.#lagMs = lagMs;
  }

  /** Requests that wait for their answer; a watch has its answer when it begins. */
  get underWay(): number {
    return this.#underWay;
  }

  readonly performRequest: RestClient["performRequest"] = (async (options: RequestOptions) => {
    this.#underWay++;
    try {
      return await this.#rest.performRequest(options);
    } finally {
      if (this.#lagMs > 0) await new Promise((resolve) => setTimeout(resolve, this.#lagMs));
      this.#underWay--;
    }
  }) as RestClient["performRequest"];

  close(): void {
    this.#rest.close?.();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}
