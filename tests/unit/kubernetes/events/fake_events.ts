import { ApiError } from "../../../../src/kubernetes/http/errors.ts";
import type { Event } from "../../../../src/kubernetes/events/event.ts";
import type { EventClient } from "../../../../src/kubernetes/events/recorder.ts";
import type { Stored } from "../../../../src/kubernetes/resources/resource_client.ts";

/** What becomes of a request; `"answer-lost"` is served and never answered. */
export type EventFate = "served" | "hangs" | "answer-lost" | ApiError;

/** Keeps Events as an API server does, and the requests in their order. */
export class FakeEvents implements EventClient {
  readonly requests: string[] = [];
  readonly stored = new Map<string, Event>();
  fate: (request: string) => EventFate = () => "served";
  /** What a create meets besides, which is asked first. */
  admit: (event: Event) => ApiError | undefined = () => undefined;

  create: EventClient["create"] = async (namespace, event) => {
    const name = event.metadata.name ?? "";
    const lost = await this.#meet(`create ${namespace} ${event.reason} ${event.count}`, () => {
      const refused = this.admit(event);
      if (refused !== undefined) throw refused;
      if (this.stored.has(name)) throw refusal(409, "AlreadyExists");
      this.stored.set(name, structuredClone(event));
    });
    return lost ?? structuredClone(event) as Stored<Event>;
  };

  patch: EventClient["patch"] = async (namespace, name, { type, body }) => {
    const lost = await this.#meet(`patch ${namespace} ${type} ${JSON.stringify(body)}`, () => {
      const event = this.stored.get(name);
      if (!event) throw refusal(404, "NotFound");
      this.stored.set(name, { ...event, ...body });
    });
    return lost ?? structuredClone(this.stored.get(name)) as Stored<Event>;
  };

  async #meet(request: string, serve: () => void): Promise<undefined> {
    this.requests.push(request);
    const fate = this.fate(request);
    if (fate instanceof ApiError) throw fate;
    if (fate !== "hangs") serve();
    if (fate !== "served") await new Promise(() => {});
    return undefined;
  }
}

export function refusal(code: number, reason: string, cause?: string): ApiError {
  const details = cause === undefined ? undefined : { causes: [{ reason: cause }] };
  return new ApiError({ code, reason, message: `${code} ${reason}`, details });
}
