import type { ControlPlane } from "../../e2e/servers/control_plane.ts";
import { OPERATOR } from "../../e2e/servers/manifests.ts";
import { readLines } from "../servers/lines.ts";

const LEASES = `/apis/coordination.k8s.io/v1/namespaces/${OPERATOR.namespace}/leases`;
const NAME = "aks.azure.com";

interface WatchedLease {
  readonly type: string;
  readonly object: { readonly spec?: { readonly renewTime?: string } };
}

/** Takes the operators' Lease away: one that was killed still holds it. */
export async function deleteLease(plane: ControlPlane): Promise<void> {
  const response = await plane.adminFetch(`${LEASES}/${NAME}`, { method: "DELETE" });
  await response.body?.cancel();
}

/** Sees when the operators' Lease is renewed, as another replica would. */
export class Renewals implements AsyncDisposable {
  readonly #stop: AbortController;
  readonly #following: Promise<void>;
  #lastAt: number | undefined;
  #longestMs = 0;
  #failure: unknown;

  private constructor(stream: ReadableStream<Uint8Array>, stop: AbortController) {
    this.#stop = stop;
    this.#following = this.#follow(stream).catch((error) => {
      if (!stop.signal.aborted) this.#failure = error;
    });
  }

  /** From now on, of a Lease that is not there yet. */
  static async watch(plane: Pick<ControlPlane, "adminFetch">): Promise<Renewals> {
    const stop = new AbortController();
    const query = new URLSearchParams({ watch: "true", fieldSelector: `metadata.name=${NAME}` });
    const response = await plane.adminFetch(`${LEASES}?${query}`, { signal: stop.signal });
    if (!response.ok || response.body === null) {
      throw new Error(`${response.url} answered ${response.status}`);
    }
    return new Renewals(response.body, stop);
  }

  /** The longest time without a renewal since the first, up to now, in seconds. */
  longestGapSeconds(): number | undefined {
    if (this.#failure !== undefined) throw this.#failure;
    if (this.#lastAt === undefined) return undefined;
    return Math.max(this.#longestMs, performance.now() - this.#lastAt) / 1000;
  }

  async #follow(stream: ReadableStream<Uint8Array>): Promise<void> {
    let renewed: string | undefined;
    for await (const line of readLines(stream)) {
      const { type, object } = JSON.parse(line) as WatchedLease;
      if (type === "ERROR") throw new Error(`the bench's own watch failed: ${line}`);
      const renewTime = object.spec?.renewTime;
      if (type === "DELETED" || renewTime === undefined || renewTime === renewed) continue;
      renewed = renewTime;
      const now = performance.now();
      if (this.#lastAt !== undefined) {
        this.#longestMs = Math.max(this.#longestMs, now - this.#lastAt);
      }
      this.#lastAt = now;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // The reader of lines has locked the stream, so that only its source can be ended.
    this.#stop.abort();
    await this.#following;
  }
}
