import type { Attributes } from "./attributes.ts";

/** One request as it was answered. */
export interface RecordedRequest extends Attributes {
  readonly method: string;
  readonly query: string;
  readonly contentType: string;
  readonly userAgent: string;
  /** Who asked, as authentication sees it. */
  user: string;
  /** 0 while the answer is outstanding or when the connection was cut. */
  status: number;
}

/** Remembers every request, and apart those that nobody expected. */
export class Recorder {
  readonly requests: RecordedRequest[] = [];
  readonly unexpected: RecordedRequest[] = [];

  record(request: Request, url: URL, attributes: Attributes): RecordedRequest {
    const recorded: RecordedRequest = {
      ...attributes,
      method: request.method,
      query: url.search,
      contentType: request.headers.get("content-type") ?? "",
      userAgent: request.headers.get("user-agent") ?? "",
      user: "",
      status: 0,
    };
    this.requests.push(recorded);
    return recorded;
  }

  clear(): void {
    this.requests.length = 0;
    this.unexpected.length = 0;
  }

  /** How often each `verb resource[/subresource]` was asked for. */
  counts(): Map<string, number> {
    const counts = new Map<string, number>();
    for (const request of this.requests) {
      const key = requestKey(request);
      counts.set(key, (counts.get(key) ?? 0) + 1);
    }
    return counts;
  }

  /** Throws when any request came that was not allowed, or to a path that does not exist. */
  assertNoUnexpected(): void {
    if (this.unexpected.length === 0) return;
    const list = this.unexpected.map((request) =>
      `${request.method} ${request.path}${request.query}`
    );
    throw new Error(`unexpected requests to the Kubernetes API: ${list.join("; ")}`);
  }
}

/** `verb resource[/subresource]`, or `verb path` for what is no resource. */
export function requestKey({ verb, resource, subresource, path }: Attributes): string {
  if (resource === "") return `${verb} ${path}`;
  return subresource === "" ? `${verb} ${resource}` : `${verb} ${resource}/${subresource}`;
}
