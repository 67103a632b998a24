import { ApiError } from "../../../../src/kubernetes/http/errors.ts";
import type { LeaseClient } from "../../../../src/kubernetes/leader_election/elector.ts";
import type { Lease } from "../../../../src/kubernetes/leader_election/record.ts";
import type { CallOptions, Stored } from "../../../../src/kubernetes/resources/resource_client.ts";
import type { FakeTime } from "../fake_time.ts";

export type Verb = "get" | "create" | "update";

/** One request as it reached the fake, `at` in ms since the test began. */
export interface Call {
  at: number;
  who: string;
  verb: Verb;
  lease?: Lease;
}

/**
 * What becomes of a request: served, refused with an error, never served, or served with the answer
 * lost. The delays are those of the way there and back, in ms.
 */
export interface Fate {
  outcome: "served" | "never-served" | "answer-lost" | ApiError;
  thereMs?: number;
  backMs?: number;
}

/** The one Lease of an API server with optimistic concurrency, and a client for each contender. */
export class FakeLeases {
  readonly calls: Call[] = [];
  stored: Stored<Lease> | undefined;
  /** Chosen by the test, for each request anew. */
  fate: (call: Call) => Fate = () => ({ outcome: "served" });
  readonly #time: FakeTime;
  #resourceVersion = 0;

  constructor(time: FakeTime) {
    this.#time = time;
  }

  client(who: string): LeaseClient {
    return {
      get: (namespace, name, options) =>
        this.#request({ who, verb: "get" }, options, () => this.#get(namespace, name)),
      create: (namespace, lease, options) =>
        this.#request({ who, verb: "create", lease }, options, () => this.#put(namespace, lease)),
      update: (namespace, lease, options) =>
        this.#request({ who, verb: "update", lease }, options, () => this.#put(namespace, lease)),
    };
  }

  /** Somebody else's write, past all checks. */
  overwrite(change: (lease: Stored<Lease>) => Stored<Lease>): void {
    if (!this.stored) throw new Error("there is no Lease to overwrite");
    this.stored = this.#next(change(structuredClone(this.stored)));
  }

  /** Somebody else's deletion. */
  remove(): void {
    this.stored = undefined;
  }

  writes(who: string): Call[] {
    return this.calls.filter((call) => call.who === who && call.verb !== "get");
  }

  async #request(
    call: Omit<Call, "at">,
    options: CallOptions | undefined,
    serve: () => Stored<Lease>,
  ): Promise<Stored<Lease>> {
    const made: Call = structuredClone({ at: this.#time.elapsed(), ...call });
    this.calls.push(made);
    options?.signal?.throwIfAborted();
    const { outcome, thereMs = 0, backMs = 0 } = this.fate(made);
    if (outcome === "never-served") return await new Promise(() => {});
    await this.#wait(thereMs);
    if (outcome instanceof ApiError) throw outcome;
    const answer = serve();
    if (outcome === "answer-lost") return await new Promise(() => {});
    await this.#wait(backMs);
    return answer;
  }

  #get(namespace: string, name: string): Stored<Lease> {
    if (!this.stored) throw refusal(404, "NotFound", `leases "${namespace}/${name}" not found`);
    return structuredClone(this.stored);
  }

  #put(namespace: string, lease: Lease): Stored<Lease> {
    const { name, resourceVersion } = lease.metadata ?? {};
    if (resourceVersion === undefined && this.stored) {
      throw refusal(409, "AlreadyExists", `leases "${name}" already exists`);
    }
    if (resourceVersion !== this.stored?.metadata.resourceVersion) {
      throw refusal(409, "Conflict", `leases "${namespace}/${name}" has been modified`);
    }
    const metadata = { uid: "lease-uid", ...lease.metadata } as Stored<Lease>["metadata"];
    this.stored = this.#next({ ...structuredClone(lease), metadata });
    return structuredClone(this.stored);
  }

  #next(lease: Stored<Lease>): Stored<Lease> {
    const resourceVersion = String(++this.#resourceVersion);
    return { ...lease, metadata: { ...lease.metadata, resourceVersion } };
  }

  async #wait(ms: number): Promise<void> {
    if (ms > 0) await new Promise<void>((resolve) => this.#time.clock.after(ms, resolve));
  }
}

export function refusal(code: number, reason: string, message: string): ApiError {
  return new ApiError({ code, reason, message });
}
